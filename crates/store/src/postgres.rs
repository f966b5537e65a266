//! PostgreSQL: the same tables, for more than one machine.
//!
//! The client is asynchronous; this backend keeps a small runtime of its own and waits on it, because
//! the journal is driven by one thread that has nothing else to do. It must not be called from inside
//! another runtime.

use crate::chain::record_hash;
use crate::migrations::{self, Migration, pending};
use crate::samples::{Hour, MINUTES, MinuteCounts, by_hour};
use crate::{
    AppendError, Epoch, Head, Journal, KeyState, NewRecord, Record, Samples, Snapshot, Snapshots,
    StoreError, slots,
};
use model::{Millis, Timestamp};
use rustls::{ClientConfig, RootCertStore};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row};
use tokio_postgres_rustls::MakeRustlsConnect;

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection with the runtime it lives on. Made anew after it broke.
struct Link {
    url: String,
    runtime: Runtime,
    client: Option<Client>,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Link")
    }
}

impl Link {
    fn open(url: &str, all: &[Migration]) -> Result<Self, StoreError> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|it| StoreError::Unavailable(it.to_string()))?;
        let mut link = Self { url: url.to_owned(), runtime, client: None };
        link.migrate(all)?;
        Ok(link)
    }

    /// Runs `work` on a live connection. One that broke is made anew next time.
    fn with<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut Client) -> Result<T, tokio_postgres::Error>,
    ) -> Result<T, Trouble> {
        if self.client.as_ref().is_none_or(Client::is_closed) {
            self.client = None;
            let client = self.runtime.block_on(connect(&self.url)).map_err(Trouble::Connect)?;
            self.client = Some(client);
        }
        let client = self.client.as_mut().expect("made above");
        let result = self.runtime.block_on(work(client));
        result.map_err(Trouble::Query)
    }

    fn migrate(&mut self, all: &[Migration]) -> Result<(), StoreError> {
        let taken = self.with(async |client| {
            client
                .batch_execute(
                    "CREATE TABLE IF NOT EXISTS schema_migrations \
                     (name TEXT PRIMARY KEY, checksum TEXT NOT NULL)",
                )
                .await?;
            let rows = client.query("SELECT name, checksum FROM schema_migrations", &[]).await?;
            Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect::<Vec<(String, String)>>())
        })?;
        let known: Vec<_> = taken
            .into_iter()
            .filter(|(name, _)| {
                // Journal and samples share one table of migrations on PostgreSQL.
                let other = migrations::JOURNAL.iter().chain(migrations::SAMPLES);
                all.iter().any(|it| it.name == name) || !other.into_iter().any(|it| it.name == name)
            })
            .collect();
        for (migration, sum) in pending(all, |it| it.postgres, &known)? {
            self.with(async |client| {
                let transaction = client.transaction().await?;
                transaction.batch_execute(migration.postgres).await?;
                transaction
                    .execute(
                        "INSERT INTO schema_migrations (name, checksum) VALUES ($1, $2)",
                        &[&migration.name, &sum],
                    )
                    .await?;
                transaction.commit().await
            })?;
        }
        Ok(())
    }
}

impl Link {
    fn save_snapshot(&mut self, org: &str, snapshot: &Snapshot) -> Result<(), StoreError> {
        Ok(self.with(async |client| {
            let transaction = client.transaction().await?;
            transaction
                .execute(
                    "INSERT INTO snapshots (org, seq, hash, format, digest, body) \
                     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (org, seq) DO UPDATE SET \
                     hash = excluded.hash, format = excluded.format, digest = excluded.digest, \
                     body = excluded.body",
                    &[
                        &org,
                        &signed(snapshot.seq),
                        &snapshot.hash.as_slice(),
                        &i64::from(snapshot.format),
                        &snapshot.digest.as_slice(),
                        &snapshot.body,
                    ],
                )
                .await?;
            transaction
                .execute(
                    "DELETE FROM snapshots WHERE org = $1 AND seq NOT IN \
                     (SELECT seq FROM snapshots WHERE org = $1 ORDER BY seq DESC LIMIT 2)",
                    &[&org],
                )
                .await?;
            transaction.commit().await
        })?)
    }

    fn snapshots(&mut self, org: &str, limit: i64) -> Result<Vec<Snapshot>, StoreError> {
        let rows = self.with(async |client| {
            let text = "SELECT seq, hash, format, digest, body FROM snapshots WHERE org = $1 \
                        ORDER BY seq DESC LIMIT $2";
            client.query(text, &[&org, &limit]).await
        })?;
        let snapshot = |it: &Row| Snapshot {
            seq: unsigned(it.get(0)),
            hash: hash(it, 1),
            format: u32::try_from(it.get::<_, i64>(2)).unwrap_or(0),
            digest: hash(it, 3),
            body: it.get(4),
        };
        Ok(rows.iter().map(snapshot).collect())
    }
}

/// The same table on a connection of its own.
#[derive(Debug)]
struct PostgresSnapshots {
    org: String,
    link: Link,
}

impl Snapshots for PostgresSnapshots {
    fn save(&mut self, snapshot: &Snapshot) -> Result<(), StoreError> {
        self.link.save_snapshot(&self.org, snapshot)
    }

    fn all(&mut self) -> Result<Vec<Snapshot>, StoreError> {
        self.link.snapshots(&self.org, 2)
    }
}

/// Where it went wrong.
enum Trouble {
    Connect(String),
    Query(tokio_postgres::Error),
}

impl From<Trouble> for StoreError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Connect(detail) => Self::Unavailable(detail),
            Trouble::Query(it) => Self::Unavailable(told(&it)),
        }
    }
}

/// `tokio_postgres` says only "db error" itself; what the server said is its source.
fn told(problem: &tokio_postgres::Error) -> String {
    problem.as_db_error().map_or_else(|| problem.to_string(), ToString::to_string)
}

/// Whether the server lived to refuse this. Class 57P is the farewell of a server that is shut down or
/// crashes, which may come behind a commit that took place.
fn answered(problem: &tokio_postgres::Error) -> bool {
    problem.as_db_error().is_some_and(|it| !it.code().code().starts_with("57P"))
}

async fn connect(url: &str) -> Result<Client, String> {
    let mut config: tokio_postgres::Config =
        url.parse().map_err(|it| format!("the database URL cannot be read: {it}"))?;
    config.connect_timeout(CONNECT_TIMEOUT);
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|it| it.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let (client, connection) = config
        .connect(MakeRustlsConnect::new(tls))
        .await
        .map_err(|it| format!("the database does not answer: {it}"))?;
    tokio::spawn(async move {
        if let Err(problem) = connection.await {
            tracing::warn!("the connection to the database ended: {problem}");
        }
    });
    Ok(client)
}

/// The journal in a PostgreSQL database.
#[derive(Debug)]
pub struct PostgresJournal {
    org: String,
    link: Link,
}

impl PostgresJournal {
    /// Opens or makes the journal of `org` in the database at `url`.
    pub fn open(url: &str, org: &str) -> Result<Self, StoreError> {
        let mut link = Link::open(url, migrations::JOURNAL)?;
        link.with(async |client| {
            client
                .execute(
                    "INSERT INTO orgs (org, hash) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                    &[&org, &[0_u8; 32].as_slice()],
                )
                .await
        })?;
        Ok(Self { org: org.to_owned(), link })
    }

    /// Runs SQL behind everybody's back; for tests of `verify`.
    #[doc(hidden)]
    pub fn tamper(&mut self, sql: &str) -> Result<usize, StoreError> {
        let changed = self.link.with(async |client| client.execute(sql, &[]).await)?;
        Ok(usize::try_from(changed).unwrap_or(usize::MAX))
    }

    fn execute(&mut self, sql: &str, values: &[&(dyn ToSql + Sync)]) -> Result<u64, StoreError> {
        Ok(self.link.with(async |client| client.execute(sql, values).await)?)
    }

    fn row(
        &mut self,
        sql: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.link.with(async |client| client.query_opt(sql, values).await)?)
    }
}

/// What an append found when it looked.
enum Found {
    Appended(Head),
    Fenced(u64),
    Conflict(u64),
}

impl Journal for PostgresJournal {
    fn acquire(&mut self, owner: &str, now: Timestamp, ttl: Millis) -> Result<Epoch, StoreError> {
        let org = self.org.clone();
        let until = now.plus(ttl).0;
        let outcome = self.link.with(async |client| {
            let transaction = client.transaction().await?;
            let row = transaction
                .query_one(
                    "SELECT epoch, lease_owner, lease_until FROM orgs WHERE org = $1 FOR UPDATE",
                    &[&org],
                )
                .await?;
            let (epoch, holder, held): (i64, Option<String>, i64) =
                (row.get(0), row.get(1), row.get(2));
            if let Some(holder) = holder.filter(|it| it != owner && held > now.0) {
                return Ok(Err((holder, held)));
            }
            transaction
                .execute(
                    "UPDATE orgs SET epoch = $2, lease_owner = $3, lease_until = $4 WHERE org = $1",
                    &[&org, &(epoch + 1), &owner, &until],
                )
                .await?;
            transaction.commit().await?;
            Ok(Ok(epoch + 1))
        })?;
        match outcome {
            Ok(epoch) => Ok(Epoch(unsigned(epoch))),
            Err((owner, until)) => Err(StoreError::LeaseHeld { owner, until: Timestamp(until) }),
        }
    }

    fn renew(&mut self, epoch: Epoch, now: Timestamp, ttl: Millis) -> Result<(), StoreError> {
        let org = self.org.clone();
        let changed = self.execute(
            "UPDATE orgs SET lease_until = $3 WHERE org = $1 AND epoch = $2",
            &[&org, &signed(epoch.0), &now.plus(ttl).0],
        )?;
        if changed == 1 {
            return Ok(());
        }
        let row = self.row("SELECT epoch FROM orgs WHERE org = $1", &[&org])?;
        Err(StoreError::Fenced { current: row.map_or(0, |it| unsigned(it.get(0))) })
    }

    fn release(&mut self, epoch: Epoch) -> Result<(), StoreError> {
        let org = self.org.clone();
        self.execute(
            "UPDATE orgs SET lease_owner = NULL, lease_until = 0 WHERE org = $1 AND epoch = $2",
            &[&org, &signed(epoch.0)],
        )
        .map(drop)
    }

    fn head(&mut self) -> Result<Head, StoreError> {
        let org = self.org.clone();
        let row = self.row("SELECT seq, hash FROM orgs WHERE org = $1", &[&org])?;
        Ok(row
            .map_or_else(Head::default, |it| Head { seq: unsigned(it.get(0)), hash: hash(&it, 1) }))
    }

    fn append(
        &mut self,
        epoch: Epoch,
        expected_seq: u64,
        records: &[NewRecord],
    ) -> Result<Head, AppendError> {
        let org = self.org.clone();
        let outcome = self.link.with(async |client| {
            let transaction = client.transaction().await?;
            let row = transaction
                .query_one("SELECT epoch, seq, hash FROM orgs WHERE org = $1 FOR UPDATE", &[&org])
                .await?;
            let current = unsigned(row.get(0));
            let mut head = Head { seq: unsigned(row.get(1)), hash: hash(&row, 2) };
            if current != epoch.0 {
                return Ok(Found::Fenced(current));
            }
            if head.seq != expected_seq {
                return Ok(Found::Conflict(head.seq));
            }
            let insert = transaction
                .prepare(
                    "INSERT INTO journal (org, seq, epoch, at, kind, body, slots, hash) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                )
                .await?;
            for new in records {
                let seq = head.seq + 1;
                head = Head { seq, hash: record_hash(&org, &head.hash, seq, epoch.0, new) };
                transaction
                    .execute(
                        &insert,
                        &[
                            &org,
                            &signed(seq),
                            &signed(epoch.0),
                            &new.at.0,
                            &new.kind,
                            &new.body,
                            &slots::encode(&new.slots),
                            &head.hash.as_slice(),
                        ],
                    )
                    .await?;
            }
            transaction
                .execute(
                    "UPDATE orgs SET seq = $2, hash = $3 WHERE org = $1",
                    &[&org, &signed(head.seq), &head.hash.as_slice()],
                )
                .await?;
            transaction.execute("SET LOCAL synchronous_commit = on", &[]).await?;
            transaction.commit().await?;
            Ok(Found::Appended(head))
        });
        match outcome {
            Ok(Found::Appended(head)) => Ok(head),
            Ok(Found::Fenced(current)) => Err(AppendError::Fenced { current }),
            Ok(Found::Conflict(actual)) => Err(AppendError::Conflict { actual }),
            Err(Trouble::Connect(detail)) => Err(AppendError::Unavailable(detail)),
            // The server said no: the transaction is undone. A connection that broke may have
            // broken behind the commit, so nobody knows.
            Err(Trouble::Query(it)) if answered(&it) => Err(AppendError::Unavailable(told(&it))),
            Err(Trouble::Query(it)) => Err(AppendError::Unknown(told(&it))),
        }
    }

    fn read(&mut self, after: u64, limit: usize) -> Result<Vec<Record>, StoreError> {
        let org = self.org.clone();
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = self.link.with(async |client| {
            client
                .query(
                    "SELECT seq, epoch, hash, at, kind, body, slots FROM journal \
                     WHERE org = $1 AND seq > $2 ORDER BY seq LIMIT $3",
                    &[&org, &signed(after), &limit],
                )
                .await
        })?;
        Ok(rows.iter().map(record).collect())
    }

    fn save_snapshot(&mut self, snapshot: &Snapshot) -> Result<(), StoreError> {
        self.link.save_snapshot(&self.org, snapshot)
    }

    fn latest_snapshot(&mut self) -> Result<Option<Snapshot>, StoreError> {
        Ok(self.link.snapshots(&self.org, 1)?.pop())
    }

    fn snapshots(&mut self) -> Result<Option<Box<dyn Snapshots>>, StoreError> {
        let link = Link::open(&self.link.url, migrations::JOURNAL)?;
        Ok(Some(Box::new(PostgresSnapshots { org: self.org.clone(), link })))
    }

    fn key(&mut self, subject: &str) -> Result<KeyState, StoreError> {
        let org = self.org.clone();
        let row =
            self.row("SELECT secret FROM keys WHERE org = $1 AND subject = $2", &[&org, &subject])?;
        Ok(match row.map(|it| it.get::<_, Option<Vec<u8>>>(0)) {
            None => KeyState::Missing,
            Some(None) => KeyState::Destroyed,
            Some(Some(secret)) => KeyState::Present(secret),
        })
    }

    fn put_key(&mut self, subject: &str, key: &[u8]) -> Result<(), StoreError> {
        if self.key(subject)? == KeyState::Destroyed {
            return Err(StoreError::KeyDestroyed { subject: subject.to_owned() });
        }
        let org = self.org.clone();
        self.execute(
            "INSERT INTO keys (org, subject, secret) VALUES ($1, $2, $3) \
             ON CONFLICT (org, subject) DO UPDATE SET secret = excluded.secret \
             WHERE keys.secret IS NOT NULL",
            &[&org, &subject, &key],
        )
        .map(drop)
    }

    fn destroy_key(&mut self, subject: &str) -> Result<(), StoreError> {
        let org = self.org.clone();
        self.execute(
            "INSERT INTO keys (org, subject, secret) VALUES ($1, $2, NULL) \
             ON CONFLICT (org, subject) DO UPDATE SET secret = NULL",
            &[&org, &subject],
        )
        .map(drop)
    }

    fn get_setting(&mut self, name: &str) -> Result<Option<String>, StoreError> {
        let org = self.org.clone();
        let row =
            self.row("SELECT value FROM settings WHERE org = $1 AND name = $2", &[&org, &name])?;
        Ok(row.map(|it| it.get(0)))
    }

    fn put_setting(&mut self, name: &str, value: &str) -> Result<(), StoreError> {
        let org = self.org.clone();
        self.execute(
            "INSERT INTO settings (org, name, value) VALUES ($1, $2, $3) \
             ON CONFLICT (org, name) DO UPDATE SET value = excluded.value",
            &[&org, &name, &value],
        )
        .map(drop)
    }
}

/// Samples in a PostgreSQL database.
#[derive(Debug)]
pub struct PostgresSamples {
    org: String,
    link: Link,
}

impl PostgresSamples {
    /// Opens or makes the samples of `org` in the database at `url`.
    pub fn open(url: &str, org: &str) -> Result<Self, StoreError> {
        Ok(Self { org: org.to_owned(), link: Link::open(url, migrations::SAMPLES)? })
    }
}

impl Samples for PostgresSamples {
    fn put(&mut self, sli: &str, minutes: &[(i64, MinuteCounts)]) -> Result<(), StoreError> {
        let org = self.org.clone();
        let hours = by_hour(minutes);
        Ok(self.link.with(async |client| {
            let transaction = client.transaction().await?;
            for (number, minutes) in &hours {
                let stored = transaction
                    .query_opt(
                        "SELECT counts FROM samples WHERE org = $1 AND sli = $2 AND hour = $3 \
                         FOR UPDATE",
                        &[&org, &sli, number],
                    )
                    .await?;
                let mut hour = stored
                    .and_then(|it| Hour::decode(it.get::<_, &[u8]>(0)))
                    .unwrap_or_else(Hour::empty);
                for (minute, counts) in minutes {
                    hour.set(*minute, *counts);
                }
                transaction
                    .execute(
                        "INSERT INTO samples (org, sli, hour, counts) VALUES ($1, $2, $3, $4) \
                         ON CONFLICT (org, sli, hour) DO UPDATE SET counts = excluded.counts",
                        &[&org, &sli, number, &hour.encode()],
                    )
                    .await?;
            }
            transaction.commit().await
        })?)
    }

    fn range(
        &mut self,
        sli: &str,
        from: i64,
        to: i64,
    ) -> Result<Vec<(i64, MinuteCounts)>, StoreError> {
        let org = self.org.clone();
        let (first, end) = (from.div_euclid(MINUTES), (to + MINUTES - 1).div_euclid(MINUTES));
        let rows = self.link.with(async |client| {
            client
                .query(
                    "SELECT hour, counts FROM samples \
                     WHERE org = $1 AND sli = $2 AND hour >= $3 AND hour < $4 ORDER BY hour",
                    &[&org, &sli, &first, &end],
                )
                .await
        })?;
        let mut found = vec![];
        for row in rows {
            let hour = Hour::decode(row.get::<_, &[u8]>(1)).unwrap_or_else(Hour::empty);
            let minutes = hour.minutes(row.get::<_, i64>(0) * MINUTES);
            found.extend(minutes.filter(|(it, _)| (from..to).contains(it)));
        }
        Ok(found)
    }

    fn forget_before(&mut self, minute: i64) -> Result<(), StoreError> {
        let org = self.org.clone();
        self.link.with(async |client| {
            client
                .execute(
                    "DELETE FROM samples WHERE org = $1 AND hour < $2",
                    &[&org, &minute.div_euclid(MINUTES)],
                )
                .await
        })?;
        Ok(())
    }
}

fn record(row: &Row) -> Record {
    Record {
        seq: unsigned(row.get(0)),
        epoch: Epoch(unsigned(row.get(1))),
        hash: hash(row, 2),
        new: NewRecord {
            at: Timestamp(row.get(3)),
            kind: row.get(4),
            body: row.get(5),
            slots: slots::decode(row.get::<_, &[u8]>(6)),
        },
    }
}

fn hash(row: &Row, column: usize) -> [u8; 32] {
    // A damaged hash reads as zeros and so breaks the chain where it stands.
    row.get::<_, &[u8]>(column).try_into().unwrap_or([0; 32])
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).expect("places and epochs are far below 2^63")
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
