"""Earning and spending with fewer calls within (docs/algorithms/points.md, "The lean path"; migration 0013).

They write the rows and the hashes of ``_lean_functions``.  What is gone is work beside them: the link of the chain
is written where it is needed instead of by a function of eighteen arguments, the four texts in it are looked at
once, and spending reads the first lot of ``lots_open`` alone, which holds a wallet's lots in the order in which
they are spent (docs/decisions/0219).
"""

#: The texts of a link of the chain as Python's ``json.dumps`` writes them.  For plain ASCII PostgreSQL agrees.
TEXTS = """
    texts := p_actor || p_key || p_reason || p_source;
    IF octet_length(texts) = char_length(texts) AND position(chr(127) IN texts) = 0 THEN
        actor := to_json(p_actor)::text;
        key := to_json(p_key)::text;
        reason := to_json(p_reason)::text;
        source := to_json(p_source)::text;
    ELSE
        actor := loyalty_quoted(p_actor);
        key := loyalty_quoted(p_key);
        reason := loyalty_quoted(p_reason);
        source := loyalty_quoted(p_source);
    END IF;
"""

VARIABLES = """
    txn bigint;
    head text;
    texts text;
    actor text;
    key text;
    reason text;
    source text;
    moment CONSTANT text := 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"';
"""

#: One link of a wallet's chain: the hash of ``rules.chain.posting_hash`` for a posting that refers to no other.
LINK = """
    head := encode(sha256(convert_to(
        '[1,"' || w.head_hash || '",{"entries":[' || ENTRIES || '],"facts":{"actor":' || actor
        || ',"balances":{"available":' || available || ',"debt":' || debt || ',"held":' || held
        || ',"pending":' || pending || '},"effective_at":"' || to_char(EFFECTIVE AT TIME ZONE 'UTC', moment)
        || '","key":' || key || ',"kind":"KIND","reason":' || reason
        || ',"recorded_at":"' || to_char(p_at AT TIME ZONE 'UTC', moment)
        || '","related":"","request":"' || p_request || '","seq":' || w.seq
        || ',"source":' || source || ',"wallet":' || w.id
        || '},"lots":[' || LOTS || '],"moves":[' || MOVES || ']}]', 'UTF8')), 'hex');
"""

#: Nothing is returned, and nothing was written, if the key was used.
TRANSACTION = """
    INSERT INTO loyalty_pointstransaction (
        public_id, wallet_id, wallet_seq, kind, key, request_hash, related_id, source, reason, note, actor,
        effective_at, recorded_at, balances, previous_hash, hash, hash_version)
    VALUES (
        p_public_id, w.id, w.seq, 'KIND', p_key, p_request, NULL, p_source, p_reason, p_note, p_actor,
        EFFECTIVE, p_at,
        jsonb_build_object('pending', pending, 'available', available, 'held', held, 'debt', debt),
        w.head_hash, head, 1)
    ON CONFLICT ON CONSTRAINT key_once DO NOTHING RETURNING id INTO txn;
    IF txn IS NULL THEN
        pending := NULL;
        RETURN;
    END IF;
"""

EARN = """
CREATE OR REPLACE FUNCTION loyalty_earn(
    p_member text, p_type bigint, p_expiry text, p_days int, p_zone text,
    p_public_id text, p_key text, p_request text, p_source text, p_reason text, p_note text,
    p_actor text, p_points bigint, p_bucket text, p_starts timestamptz, p_ends timestamptz,
    p_due timestamptz, p_effective timestamptz, p_at timestamptz, p_copies text,
    OUT pending bigint, OUT available bigint, OUT held bigint, OUT debt bigint
) LANGUAGE plpgsql AS $body$
DECLARE
    w record;
    entries text;
    lots text;
VARIABLES
BEGIN
    SELECT wallet.id, wallet.seq + 1 AS seq, wallet.newest_lot + 1 AS number, wallet.pending,
        wallet.available, wallet.held, wallet.debt, wallet.head_hash, wallet.due_at
    INTO w
    FROM members_member member
    JOIN loyalty_wallet wallet ON wallet.member_id = member.id AND wallet.points_type_id = p_type
    JOIN loyalty_pointstype kind ON kind.id = p_type
    WHERE member.public_id = p_member AND wallet.moved_to_id IS NULL AND wallet.debt = 0
        AND (wallet.recorded_at IS NULL OR wallet.recorded_at <= p_at)
        AND (wallet.due_at IS NULL OR wallet.due_at > p_at)
        AND kind.expiry = p_expiry::jsonb AND kind.activation_days = p_days
        AND NOT EXISTS (SELECT 1 FROM retailer_retailer r WHERE r.id = 1 AND r.time_zone <> p_zone)
    FOR UPDATE OF wallet;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    pending := w.pending;
    available := w.available;
    held := w.held;
    debt := w.debt;
    IF p_bucket = 'pending' THEN
        pending := pending + p_points;
        entries := '["issued",' || -p_points || '],["pending",' || p_points || ']';
    ELSE
        available := available + p_points;
        entries := '["available",' || p_points || '],["issued",' || -p_points || ']';
    END IF;
    lots := '[' || w.number || ',' || p_points || ',"' || to_char(p_starts AT TIME ZONE 'UTC', moment) || '",'
        || coalesce('"' || to_char(p_ends AT TIME ZONE 'UTC', moment) || '"', 'null') || ',"' || p_bucket || '"]';
TEXTS
LINK
TRANSACTION
    INSERT INTO loyalty_pointslot (
        wallet_id, number, transaction_id, points, bucket, activates_at, expires_at,
        pending, available, held, is_open)
    VALUES (
        w.id, w.number, txn, p_points, p_bucket, p_starts, p_ends,
        CASE p_bucket WHEN 'pending' THEN p_points ELSE 0 END,
        CASE p_bucket WHEN 'available' THEN p_points ELSE 0 END, 0, true);
    INSERT INTO loyalty_pointsentry (transaction_id, account, points)
    VALUES (txn, 'issued', -p_points), (txn, p_bucket, p_points);
    UPDATE loyalty_wallet wallet SET
        pending = loyalty_earn.pending, available = loyalty_earn.available, seq = w.seq,
        newest_lot = w.number, head_hash = head, due_at = least(w.due_at, p_due), recorded_at = p_at
    WHERE wallet.id = w.id;
    INSERT INTO outbox_outboxrow ("table", payload, recorded_at, fault)
    VALUES ('points_entries', p_copies::jsonb, clock_timestamp(), '');
END $body$
"""

BURN = """
CREATE OR REPLACE FUNCTION loyalty_burn(
    p_member text, p_type bigint, p_zone text,
    p_public_id text, p_key text, p_request text, p_source text, p_reason text, p_note text,
    p_actor text, p_points bigint, p_at timestamptz, p_copies text,
    OUT pending bigint, OUT available bigint, OUT held bigint, OUT debt bigint
) LANGUAGE plpgsql AS $body$
DECLARE
    w record;
    lot record;
    wanted bigint := p_points;
    part bigint;
    lots bigint[];
    parts bigint[];
    entries text := '["available",' || -p_points || '],["redeemed",' || p_points || ']';
    moves text := '';
    due timestamptz;
    is_due_gone boolean := false;
VARIABLES
BEGIN
    SELECT wallet.id, wallet.seq + 1 AS seq, wallet.pending, wallet.available, wallet.held, wallet.debt,
        wallet.head_hash, wallet.due_at
    INTO w
    FROM members_member member
    JOIN loyalty_wallet wallet ON wallet.member_id = member.id AND wallet.points_type_id = p_type
    JOIN loyalty_pointstype kind ON kind.id = p_type
    WHERE member.public_id = p_member AND wallet.moved_to_id IS NULL AND wallet.available >= p_points
        AND (wallet.recorded_at IS NULL OR wallet.recorded_at <= p_at)
        AND (wallet.due_at IS NULL OR wallet.due_at > p_at)
        AND kind.is_spendable AND kind.expiry ->> 'policy' IS DISTINCT FROM 'inactivity'
        AND NOT EXISTS (SELECT 1 FROM retailer_retailer r WHERE r.id = 1 AND r.time_zone <> p_zone)
    FOR UPDATE OF wallet;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT l.id, l.number, l.available, l.expires_at INTO lot FROM loyalty_pointslot l
    WHERE l.wallet_id = w.id AND l.is_open AND l.available > 0
    ORDER BY l.expires_at NULLS LAST, l.number LIMIT 1;
    IF lot.available >= p_points THEN
        -- Most spending takes from one lot: no other is read, and plain statements suffice below.
        moves := '[' || lot.number || ',"available",' || -p_points || '],[' || lot.number || ',"spent",' || p_points || ']';
        is_due_gone := lot.available = p_points AND lot.expires_at <= w.due_at;
    ELSE
        FOR lot IN
            SELECT l.id, l.number, l.available, l.expires_at FROM loyalty_pointslot l
            WHERE l.wallet_id = w.id AND l.is_open AND l.available > 0
            ORDER BY l.expires_at NULLS LAST, l.number
        LOOP
            part := least(lot.available, wanted);
            lots := lots || lot.id;
            parts := parts || part;
            moves := moves || CASE moves WHEN '' THEN '' ELSE ',' END
                || '[' || lot.number || ',"available",' || -part || '],[' || lot.number || ',"spent",' || part || ']';
            is_due_gone := is_due_gone OR (part = lot.available AND lot.expires_at <= w.due_at);
            wanted := wanted - part;
            EXIT WHEN wanted = 0;
        END LOOP;
        IF wanted > 0 THEN
            RETURN;
        END IF;
    END IF;
    pending := w.pending;
    available := w.available - p_points;
    held := w.held;
    debt := w.debt;
TEXTS
LINK
TRANSACTION
    IF lots IS NULL THEN
        UPDATE loyalty_pointslot l SET
            available = l.available - p_points, is_open = l.pending + l.available + l.held > p_points
        WHERE l.id = lot.id;
        INSERT INTO loyalty_lotmove (transaction_id, lot_id, bucket, delta)
        VALUES (txn, lot.id, 'available', -p_points), (txn, lot.id, 'spent', p_points);
    ELSE
        UPDATE loyalty_pointslot l SET
            available = l.available - taken.part, is_open = l.pending + l.available + l.held > taken.part
        FROM unnest(lots, parts) AS taken(id, part) WHERE l.id = taken.id;
        INSERT INTO loyalty_lotmove (transaction_id, lot_id, bucket, delta)
        SELECT txn, moved.id, moved.bucket, moved.delta FROM (
            SELECT taken.id, taken.place, side.bucket, side.sign * taken.part AS delta, side.sign
            FROM unnest(lots, parts) WITH ORDINALITY AS taken(id, part, place),
                 (VALUES ('available', -1), ('spent', 1)) AS side(bucket, sign)
        ) moved ORDER BY moved.place, moved.sign;
    END IF;
    INSERT INTO loyalty_pointsentry (transaction_id, account, points)
    VALUES (txn, 'available', -p_points), (txn, 'redeemed', p_points);
    due := w.due_at;
    IF is_due_gone THEN
        SELECT least(
            min(l.activates_at) FILTER (WHERE l.pending > 0), min(l.expires_at) FILTER (WHERE l.available > 0))
        INTO due FROM loyalty_pointslot l WHERE l.wallet_id = w.id AND l.is_open;
        IF w.held > 0 THEN
            SELECT least(due, min(h.expires_at)) INTO due FROM loyalty_pointshold h
            JOIN loyalty_pointstransaction t ON t.id = h.transaction_id WHERE t.wallet_id = w.id AND h.is_open;
        END IF;
    END IF;
    UPDATE loyalty_wallet wallet SET
        available = loyalty_burn.available, seq = w.seq, head_hash = head, due_at = due, recorded_at = p_at
    WHERE wallet.id = w.id;
    INSERT INTO outbox_outboxrow ("table", payload, recorded_at, fault)
    VALUES ('points_entries', p_copies::jsonb, clock_timestamp(), '');
END $body$
"""


def _whole(function: str, *, kind: str, effective: str, lots: str, moves: str) -> str:
    for name, part in (
        ("VARIABLES\n", VARIABLES.lstrip("\n")),
        ("TEXTS\n", TEXTS.lstrip("\n")),
        ("LINK\n", LINK.lstrip("\n")),
        ("TRANSACTION\n", TRANSACTION.lstrip("\n")),
    ):
        function = function.replace(name, part)
    for name, value in (
        ("ENTRIES", "entries"),
        ("EFFECTIVE", effective),
        ("KIND", kind),
        ("|| LOTS ||", lots),
        ("|| MOVES ||", moves),
    ):
        function = function.replace(name, value)
    return function


CREATE = (
    _whole(EARN, kind="earn", effective="p_effective", lots="|| lots ||", moves="||"),
    _whole(BURN, kind="commit", effective="p_at", lots="||", moves="|| moves ||"),
)
