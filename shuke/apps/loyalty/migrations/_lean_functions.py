"""Earning and spending as one call each (docs/algorithms/points.md, "The lean path"; migration 0010).

Both find and lock the wallet, do nothing and answer no row if it needs more thought than they have or the
caller's idea of the points type is out of date, and else write the rows that ``operations.book`` would
write: the text that is hashed is that of ``rules.chain``.

Everything is plpgsql, whose plans live as long as a connection.  A function in SQL that cannot be inlined is
parsed and planned anew in every transaction: that was a third of a posting's time (docs/decisions/0193).
"""

#: One link of a wallet's chain: the hash of ``rules.chain.posting_hash`` for a posting that refers to no other.
LINK = r"""
CREATE OR REPLACE FUNCTION loyalty_link(
    previous text, wallet bigint, seq bigint, kind text, key text, request text, source text, reason text,
    actor text, effective_at timestamptz, recorded_at timestamptz, pending bigint, available bigint,
    held bigint, debt bigint, entries text, lots text, moves text
) RETURNS text
LANGUAGE plpgsql STABLE AS $body$
DECLARE
    moment CONSTANT text := 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"';
BEGIN
    RETURN encode(sha256(convert_to(
        '[1,"' || previous || '",{"entries":[' || entries || '],"facts":{"actor":' || loyalty_quoted(actor)
        || ',"balances":{"available":' || available || ',"debt":' || debt || ',"held":' || held
        || ',"pending":' || pending || '},"effective_at":"' || to_char(effective_at AT TIME ZONE 'UTC', moment)
        || '","key":' || loyalty_quoted(key) || ',"kind":"' || kind || '","reason":' || loyalty_quoted(reason)
        || ',"recorded_at":"' || to_char(recorded_at AT TIME ZONE 'UTC', moment)
        || '","related":"","request":"' || request || '","seq":' || seq
        || ',"source":' || loyalty_quoted(source) || ',"wallet":' || wallet
        || '},"lots":[' || lots || '],"moves":[' || moves || ']}]', 'UTF8')), 'hex');
END $body$
"""

EARN = r"""
CREATE OR REPLACE FUNCTION loyalty_earn(
    p_member text, p_type bigint, p_expiry text, p_days int, p_zone text,
    p_public_id text, p_key text, p_request text, p_source text, p_reason text, p_note text,
    p_actor text, p_points bigint, p_bucket text, p_starts timestamptz, p_ends timestamptz,
    p_due timestamptz, p_effective timestamptz, p_at timestamptz, p_copies text,
    OUT pending bigint, OUT available bigint, OUT held bigint, OUT debt bigint
) LANGUAGE plpgsql AS $body$
DECLARE
    w record;
    txn bigint;
    head text;
    moment CONSTANT text := '"\""YYYY-MM-DD"T"HH24:MI:SS.US"+00:00\""';
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
    ELSE
        available := available + p_points;
    END IF;
    head := loyalty_link(
        w.head_hash, w.id, w.seq, 'earn', p_key, p_request, p_source, p_reason, p_actor, p_effective, p_at,
        pending, available, held, debt,
        CASE p_bucket
            WHEN 'available' THEN '["available",' || p_points || '],["issued",' || -p_points || ']'
            ELSE '["issued",' || -p_points || '],["pending",' || p_points || ']'
        END,
        '[' || w.number || ',' || p_points || ',' || to_char(p_starts AT TIME ZONE 'UTC', moment) || ','
            || coalesce(to_char(p_ends AT TIME ZONE 'UTC', moment), 'null') || ',"' || p_bucket || '"]',
        '');
    INSERT INTO loyalty_pointstransaction (
        public_id, wallet_id, wallet_seq, kind, key, request_hash, related_id, source, reason, note, actor,
        effective_at, recorded_at, balances, previous_hash, hash, hash_version)
    VALUES (
        p_public_id, w.id, w.seq, 'earn', p_key, p_request, NULL, p_source, p_reason, p_note, p_actor,
        p_effective, p_at,
        jsonb_build_object('pending', pending, 'available', available, 'held', held, 'debt', debt),
        w.head_hash, head, 1)
    ON CONFLICT (key) DO NOTHING RETURNING id INTO txn;
    IF txn IS NULL THEN
        pending := NULL;
        RETURN;
    END IF;
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

BURN = r"""
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
    lots bigint[] := '{}';
    parts bigint[] := '{}';
    moves text := '';
    due timestamptz;
    is_due_gone boolean := false;
    txn bigint;
    head text;
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
    pending := w.pending;
    available := w.available - p_points;
    held := w.held;
    debt := w.debt;
    head := loyalty_link(
        w.head_hash, w.id, w.seq, 'commit', p_key, p_request, p_source, p_reason, p_actor, p_at, p_at,
        pending, available, held, debt,
        '["available",' || -p_points || '],["redeemed",' || p_points || ']', '', moves);
    INSERT INTO loyalty_pointstransaction (
        public_id, wallet_id, wallet_seq, kind, key, request_hash, related_id, source, reason, note, actor,
        effective_at, recorded_at, balances, previous_hash, hash, hash_version)
    VALUES (
        p_public_id, w.id, w.seq, 'commit', p_key, p_request, NULL, p_source, p_reason, p_note, p_actor,
        p_at, p_at,
        jsonb_build_object('pending', pending, 'available', available, 'held', held, 'debt', debt),
        w.head_hash, head, 1)
    ON CONFLICT (key) DO NOTHING RETURNING id INTO txn;
    IF txn IS NULL THEN
        pending := NULL;
        RETURN;
    END IF;
    IF array_length(lots, 1) = 1 THEN
        -- Most spending takes from one lot: two plain statements cost half of those below.
        UPDATE loyalty_pointslot l SET
            available = l.available - p_points, is_open = l.pending + l.available + l.held > p_points
        WHERE l.id = lots[1];
        INSERT INTO loyalty_lotmove (transaction_id, lot_id, bucket, delta)
        VALUES (txn, lots[1], 'available', -p_points), (txn, lots[1], 'spent', p_points);
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

#: ``loyalty_quoted`` of migration 0008 stays.
CREATE = (LINK, EARN, BURN)
DROP = (
    "DROP FUNCTION IF EXISTS loyalty_burn",
    "DROP FUNCTION IF EXISTS loyalty_earn",
    "DROP FUNCTION IF EXISTS loyalty_link",
)
