//! Which tables are in the store's file, in every version of its schema?
//!
//! Elsewhere: how a file is opened, brought to the newest schema and kept is the crate `file-store`.

use file_store::Format;

/// What the store's file is to `file-store`: whose it is, and how its tables come to be.
pub(super) const FORMAT: Format = Format {
    application_id: 0x414f_7263, // "AOrc"
    steps: &[V1, V2, V3, V4, V5, V6, V7],
    store: "embedded store",
    program: concat!("alert-orchestrator ", env!("CARGO_PKG_VERSION")),
};

/// Times are nanoseconds since the epoch. In `flows` an empty `tx_hash` or `memo` means none: `NULL`s are never equal
/// to one another, so a unique key with them would keep nothing apart. `nth` counts the equal rows of one file.
///
/// `positions` names no foreign keys: they would cost four look-ups a row, and only `merge` writes it.
const V1: &str = "
    create table tables (
        id integer primary key, name text not null unique, kind text not null check (kind in ('positions', 'flows'))
    ) strict;
    create table wallets (id integer primary key, address text not null unique) strict;
    create table markets (
        id integer primary key, market_id text not null, market_name text not null, unique (market_id, market_name)
    ) strict;
    create table files (
        id integer primary key, table_id integer not null references tables, path text not null,
        size integer, mtime_ns integer, sha256 blob, unique (table_id, path)
    ) strict;
    create table refusals (
        table_id integer not null references tables, path text not null, cause text not null,
        primary key (table_id, path)
    ) strict, without rowid;
    create table positions (
        table_id integer not null, wallet_id integer not null, ts integer not null,
        usd_value real, price_usd real, underlying_units real, market_id integer, file_id integer not null,
        primary key (table_id, wallet_id, ts)
    ) strict, without rowid;
    create table flows (
        id integer primary key, table_id integer not null references tables,
        wallet_id integer not null references wallets, ts integer not null, tx_hash text not null,
        amount real not null, memo text not null, nth integer not null,
        unique (table_id, wallet_id, ts, tx_hash, amount, memo, nth)
    ) strict;
    create table flow_files (
        file_id integer not null references files, flow_id integer not null references flows on delete cascade,
        primary key (file_id, flow_id)
    ) strict, without rowid;
    create index flow_files_by_flow on flow_files (flow_id);
";

/// `synced` flows were written by the service and belong to no file. `memos` holds what the service has put in place of a
/// flow's own memo: that stays in `flows`, where it is part of the key by which an import recognises the row, and the
/// row may go and come back with its files. A memo that a file changes makes another row, so the file has the last word.
const V2: &str = "
    alter table flows add column synced integer not null default 0;
    create table memos (
        table_id integer not null references tables, wallet_id integer not null references wallets,
        ts integer not null, tx_hash text not null, amount real not null, memo text not null, nth integer not null,
        shown text not null,
        primary key (table_id, wallet_id, ts, tx_hash, amount, memo, nth)
    ) strict, without rowid;
    create view shown_flows as
    select f.*, coalesce(m.shown, f.memo) as shown_memo
    from flows f left join memos m using (table_id, wallet_id, ts, tx_hash, amount, memo, nth);
    create table decisions (
        journal text not null, asset text not null, ts integer not null, replica text not null,
        decision integer not null, code text, reason text, wmax_usd real, g_usd real, residual real, sigma real,
        t0 integer, t1 integer, duration_seconds real not null, version text not null, config_hash text not null,
        primary key (journal, asset, ts, replica)
    ) strict, without rowid;
    create index decisions_by_age on decisions (journal, ts);
";

/// Of a file of positions it is kept how many of its lines are unusable, and which contradict one another: every
/// evaluation is to warn of them, not only the import. Of files that an earlier version has read that is not known.
const V3: &str = "
    alter table files add column without_ts integer not null default 0;
    alter table files add column without_wallet integer not null default 0;
    alter table files add column without_value integer not null default 0;
    alter table files add column negative integer not null default 0;
    create table contradictions (
        table_id integer not null, file_id integer not null, wallet_id integer not null, ts integer not null,
        times integer not null,
        primary key (table_id, file_id, wallet_id, ts)
    ) strict, without rowid;
";

/// The oldest version of the program that knows a schema, in the file itself: an older program that meets the file can say
/// what to install. Every later step adds its own row.
const V4: &str = "
    create table programs (schema integer primary key, version text not null) strict;
    insert into programs (schema, version) values (4, '0.1.0');
";

/// `other_positions` has what files say of a position for which another file has the last word: it comes into its place
/// when that one drops or forgets it. It is empty where no two files have one position.
///
/// Addresses and hashes become what they are compared by. Where the store has both forms both stay, and are read as one.
///
/// From here on the version is that of the next release, the first to have the schema: until then what is built calls
/// itself by the release before it.
const V5: &str = "
    create table other_positions (
        table_id integer not null, wallet_id integer not null, ts integer not null, file_id integer not null,
        usd_value real, price_usd real, underlying_units real, market_id integer,
        primary key (table_id, wallet_id, ts, file_id)
    ) strict, without rowid;
    update or ignore wallets set address = lower(address) where address <> lower(address);
    update or ignore flows set tx_hash = substr(tx_hash, 3) where tx_hash like '0x%';
    update or ignore flows set tx_hash = lower(tx_hash) where tx_hash <> lower(tx_hash);
    update or ignore memos set tx_hash = substr(tx_hash, 3) where tx_hash like '0x%';
    update or ignore memos set tx_hash = lower(tx_hash) where tx_hash <> lower(tx_hash);
    insert into programs (schema, version) values (5, '0.2.0');
";

/// How far pulls of transactions reached, by the name of the table of deposits, and why a wallet's newest pull failed.
const V6: &str = "
    create table coverage (
        flow_table text not null, wallet text not null, from_ts integer not null, to_ts integer not null,
        primary key (flow_table, wallet, from_ts)
    ) strict, without rowid;
    create table pull_faults (
        flow_table text not null, wallet text not null, cause text not null, primary key (flow_table, wallet)
    ) strict, without rowid;
    insert into programs (schema, version) values (6, '0.2.0');
";

/// Of a file of positions without a single usable line: the first of its lines, and what is wrong with it. Evaluations
/// give it as their reason. Of files that an earlier version has read that is not known.
const V7: &str = "
    alter table files add column refused text not null default '';
    insert into programs (schema, version) values (7, '0.2.0');
";

#[cfg(test)]
mod tests {
    use std::path::Path;

    use file_store::FileStore;
    use rusqlite::Connection;

    use super::*;

    /// Everything that SQLite and earlier releases know a file by: who owns it, its version and journal, and its tables.
    fn form(path: &Path) -> Vec<String> {
        let connection = Connection::open(path).unwrap();
        let pragma = |name: &str| {
            let value =
                connection.query_row(&format!("pragma {name}"), (), |row| row.get::<_, rusqlite::types::Value>(0));
            format!("{name} {:?}", value.unwrap())
        };
        let mut form: Vec<String> =
            ["application_id", "user_version", "journal_mode", "page_size", "encoding"].map(pragma).into();
        let sql = "select type || ' ' || name || ' on ' || tbl_name || ': ' || coalesce(sql, '') from sqlite_schema \
                   order by type, name";
        let mut tables = connection.prepare(sql).unwrap();
        form.extend(tables.query_map((), |row| row.get::<_, String>(0)).unwrap().map(Result::unwrap));
        form
    }

    #[test]
    fn a_new_file_has_the_form_that_the_release_of_its_schema_wrote() {
        let folder = tempfile::tempdir().unwrap();
        let (new, released) = (folder.path().join("new.db"), folder.path().join("released.db"));
        drop(FileStore::open(&FORMAT, &new).unwrap());
        let committed = format!("{}/testdata/schema-{}.db", env!("CARGO_MANIFEST_DIR"), FORMAT.version());
        std::fs::copy(committed, &released).unwrap();
        assert_eq!(form(&new), form(&released));
        assert_eq!(
            form(&new)[..3],
            ["application_id Integer(1095725667)", "user_version Integer(7)", "journal_mode Text(\"wal\")"]
        );
    }
}
