"""Earning and spending as stored functions of PostgreSQL (docs/algorithms/points.md, "The lean path").

Both lock the wallet, do nothing and answer NULL if it needs more thought than they have, and else write
the rows that ``operations.book`` would write: the text that is hashed is that of ``rules.chain``.
"""

# JSON text as Python's json.dumps(ensure_ascii=True) writes it.  Most texts are plain ASCII, for which
# PostgreSQL agrees; others are written letter by letter, beyond U+FFFF as surrogates.
QUOTED = r"""
CREATE OR REPLACE FUNCTION loyalty_quoted(value text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT AS $body$
DECLARE
    code int;
    letter text;
    written text := '"';
BEGIN
    IF octet_length(value) = char_length(value) AND position(chr(127) IN value) = 0 THEN
        RETURN to_json(value)::text;
    END IF;
    FOREACH letter IN ARRAY string_to_array(value, NULL) LOOP
        code := ascii(letter);
        IF code < 127 THEN
            written := written || substr(to_json(letter)::text, 2, length(to_json(letter)::text) - 2);
        ELSIF code <= 65535 THEN
            written := written || '\u' || lpad(to_hex(code), 4, '0');
        ELSE
            code := code - 65536;
            written := written || '\u' || to_hex(55296 + code / 1024) || '\u' || to_hex(56320 + code % 1024);
        END IF;
    END LOOP;
    RETURN written || '"';
END $body$
"""

MOMENT = r"""
CREATE OR REPLACE FUNCTION loyalty_moment(value timestamptz) RETURNS text
LANGUAGE sql IMMUTABLE STRICT AS $body$
    SELECT to_char(value AT TIME ZONE 'UTC', '"\""YYYY-MM-DD"T"HH24:MI:SS.US"+00:00\""')
$body$
"""

HASH = r"""
CREATE OR REPLACE FUNCTION loyalty_hash(
    previous text, wallet bigint, seq bigint, kind text, key text, request text, source text, reason text,
    actor text, effective_at timestamptz, recorded_at timestamptz, pending bigint, available bigint,
    held bigint, debt bigint, entries text, lots text, moves text
) RETURNS text
LANGUAGE sql IMMUTABLE AS $body$
    SELECT encode(sha256(convert_to(
        '[1,"' || previous || '",{"entries":[' || entries || '],"facts":{"actor":' || loyalty_quoted(actor)
        || ',"balances":{"available":' || available || ',"debt":' || debt || ',"held":' || held
        || ',"pending":' || pending || '},"effective_at":' || loyalty_moment(effective_at)
        || ',"key":' || loyalty_quoted(key) || ',"kind":"' || kind || '","reason":' || loyalty_quoted(reason)
        || ',"recorded_at":' || loyalty_moment(recorded_at) || ',"related":"","request":"' || request
        || '","seq":' || seq || ',"source":' || loyalty_quoted(source) || ',"wallet":' || wallet
        || '},"lots":[' || lots || '],"moves":[' || moves || ']}]', 'UTF8')), 'hex')
$body$
"""

EARN = r"""
CREATE OR REPLACE FUNCTION loyalty_earn(
    p_wallet bigint, p_public_id text, p_key text, p_request text, p_source text, p_reason text, p_note text,
    p_actor text, p_points bigint, p_bucket text, p_starts timestamptz, p_ends timestamptz,
    p_due timestamptz, p_effective timestamptz, p_at timestamptz, p_copies text,
    OUT pending bigint, OUT available bigint, OUT held bigint, OUT debt bigint
) LANGUAGE plpgsql AS $body$
DECLARE
    w record;
    number int;
    txn bigint;
    head text;
BEGIN
    SELECT * INTO w FROM loyalty_wallet wallet WHERE wallet.id = p_wallet FOR UPDATE;
    IF NOT FOUND OR w.moved_to_id IS NOT NULL OR w.debt <> 0 OR w.recorded_at > p_at OR w.due_at <= p_at THEN
        RETURN;
    END IF;
    number := w.newest_lot + 1;
    IF p_bucket = 'pending' THEN
        w.pending := w.pending + p_points;
    ELSE
        w.available := w.available + p_points;
    END IF;
    head := loyalty_hash(
        w.head_hash, w.id, w.seq + 1, 'earn', p_key, p_request, p_source, p_reason, p_actor, p_effective, p_at,
        w.pending, w.available, w.held, w.debt,
        CASE p_bucket
            WHEN 'available' THEN '["available",' || p_points || '],["issued",' || -p_points || ']'
            ELSE '["issued",' || -p_points || '],["pending",' || p_points || ']'
        END,
        '[' || number || ',' || p_points || ',' || loyalty_moment(p_starts) || ','
            || coalesce(loyalty_moment(p_ends), 'null') || ',"' || p_bucket || '"]',
        '');
    INSERT INTO loyalty_pointstransaction (
        public_id, wallet_id, wallet_seq, kind, key, request_hash, related_id, source, reason, note, actor,
        effective_at, recorded_at, balances, previous_hash, hash, hash_version)
    VALUES (
        p_public_id, w.id, w.seq + 1, 'earn', p_key, p_request, NULL, p_source, p_reason, p_note, p_actor,
        p_effective, p_at,
        jsonb_build_object('pending', w.pending, 'available', w.available, 'held', w.held, 'debt', w.debt),
        w.head_hash, head, 1)
    ON CONFLICT (key) DO NOTHING RETURNING id INTO txn;
    IF txn IS NULL THEN
        RETURN;
    END IF;
    INSERT INTO loyalty_pointslot (
        wallet_id, number, transaction_id, points, bucket, activates_at, expires_at,
        pending, available, held, is_open)
    VALUES (
        w.id, number, txn, p_points, p_bucket, p_starts, p_ends,
        CASE p_bucket WHEN 'pending' THEN p_points ELSE 0 END,
        CASE p_bucket WHEN 'available' THEN p_points ELSE 0 END, 0, true);
    INSERT INTO loyalty_pointsentry (transaction_id, account, points)
    VALUES (txn, 'issued', -p_points), (txn, p_bucket, p_points);
    UPDATE loyalty_wallet wallet SET
        pending = w.pending, available = w.available, seq = w.seq + 1, newest_lot = number, head_hash = head,
        due_at = least(w.due_at, p_due), recorded_at = p_at
    WHERE wallet.id = w.id;
    INSERT INTO outbox_outboxrow ("table", payload, recorded_at, fault)
    VALUES ('points_entries', p_copies::jsonb, clock_timestamp(), '');
    pending := w.pending;
    available := w.available;
    held := w.held;
    debt := w.debt;
END $body$
"""

BURN = r"""
CREATE OR REPLACE FUNCTION loyalty_burn(
    p_wallet bigint, p_public_id text, p_key text, p_request text, p_source text, p_reason text, p_note text,
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
    SELECT * INTO w FROM loyalty_wallet wallet WHERE wallet.id = p_wallet FOR UPDATE;
    IF NOT FOUND OR w.moved_to_id IS NOT NULL OR w.available < p_points
        OR w.recorded_at > p_at OR w.due_at <= p_at THEN
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
    w.available := w.available - p_points;
    head := loyalty_hash(
        w.head_hash, w.id, w.seq + 1, 'commit', p_key, p_request, p_source, p_reason, p_actor, p_at, p_at,
        w.pending, w.available, w.held, w.debt,
        '["available",' || -p_points || '],["redeemed",' || p_points || ']', '', moves);
    INSERT INTO loyalty_pointstransaction (
        public_id, wallet_id, wallet_seq, kind, key, request_hash, related_id, source, reason, note, actor,
        effective_at, recorded_at, balances, previous_hash, hash, hash_version)
    VALUES (
        p_public_id, w.id, w.seq + 1, 'commit', p_key, p_request, NULL, p_source, p_reason, p_note, p_actor,
        p_at, p_at,
        jsonb_build_object('pending', w.pending, 'available', w.available, 'held', w.held, 'debt', w.debt),
        w.head_hash, head, 1)
    ON CONFLICT (key) DO NOTHING RETURNING id INTO txn;
    IF txn IS NULL THEN
        RETURN;
    END IF;
    UPDATE loyalty_pointslot l SET
        available = l.available - taken.part, is_open = l.pending + l.available + l.held > taken.part
    FROM unnest(lots, parts) AS taken(id, part) WHERE l.id = taken.id;
    INSERT INTO loyalty_lotmove (transaction_id, lot_id, bucket, delta)
    SELECT txn, moved.id, moved.bucket, moved.delta FROM (
        SELECT taken.id, taken.place, side.bucket, side.sign * taken.part AS delta, side.sign
        FROM unnest(lots, parts) WITH ORDINALITY AS taken(id, part, place),
             (VALUES ('available', -1), ('spent', 1)) AS side(bucket, sign)
    ) moved ORDER BY moved.place, moved.sign;
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
        available = w.available, seq = w.seq + 1, head_hash = head, due_at = due, recorded_at = p_at
    WHERE wallet.id = w.id;
    INSERT INTO outbox_outboxrow ("table", payload, recorded_at, fault)
    VALUES ('points_entries', p_copies::jsonb, clock_timestamp(), '');
    pending := w.pending;
    available := w.available;
    held := w.held;
    debt := w.debt;
END $body$
"""

CREATE = (QUOTED, MOMENT, HASH, EARN, BURN)
DROP = (
    "DROP FUNCTION IF EXISTS loyalty_burn",
    "DROP FUNCTION IF EXISTS loyalty_earn",
    "DROP FUNCTION IF EXISTS loyalty_hash",
    "DROP FUNCTION IF EXISTS loyalty_moment",
    "DROP FUNCTION IF EXISTS loyalty_quoted",
)
