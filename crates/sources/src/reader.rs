//! One source, read once per tick.
//!
//! Intuition: the server holds a reader per source and asks it at every tick; whatever kind of
//! source it is, the answer is the readings per selector. An error means that nothing could be
//! read; a part that could not be read is missing in the answer and told by
//! [`Reader::problems`].

use crate::ReadError;
use crate::batch::{Batch, batches};
use crate::prometheus::{self, ANSWER_BYTES_MAX, QUERY_TIMEOUT, Reply};
use crate::query;
use crate::scrape::{self, SCRAPE_BYTES_MAX, SCRAPE_TIMEOUT};
use model::{Millis, Source, SourceId, SourceKind, Timestamp};
use slo::Series;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::task::JoinSet;

/// Requests to one source at the same time.
pub const REQUESTS_AT_ONCE_MAX: usize = 8;

/// One source.
pub struct Reader {
    id: SourceId,
    kind: SourceKind,
    interval: Millis,
    token: Option<String>,
    client: Arc<egress::Client>,
    /// What is asked for the selectors of the last read.
    planned: Planned,
    /// When each question was last answered.
    last_read: BTreeMap<String, Timestamp>,
    /// When each question in `PromQL` was last answered.
    last_asked: BTreeMap<String, Timestamp>,
    problems: Vec<ReadError>,
}

/// Selectors, what is asked for them, and what of them cannot be asked.
#[derive(Debug, Default)]
struct Planned {
    selectors: BTreeSet<String>,
    batches: Vec<Arc<Batch>>,
    problems: Vec<ReadError>,
}

impl Planned {
    fn new(selectors: &BTreeSet<String>) -> Self {
        let (questions, problems) = prometheus::plan(selectors);
        let batches = batches(questions).into_iter().map(Arc::new).collect();
        Self { selectors: selectors.clone(), batches, problems }
    }

    /// Asks what is in `batch` in halves from here on, if there is more than one question in it.
    fn halve(&mut self, batch: &Batch) -> Option<[Arc<Batch>; 2]> {
        let halves = batch.halves()?.map(Arc::new);
        self.batches.retain(|it| it.query != batch.query);
        self.batches.extend(halves.clone());
        Some(halves)
    }
}

impl Reader {
    /// A reader of `source`; `token` is its resolved token, where it has one.
    #[must_use]
    pub fn new(
        id: SourceId,
        source: &Source,
        token: Option<String>,
        client: Arc<egress::Client>,
    ) -> Self {
        let (kind, interval) = (source.kind.clone(), source.interval);
        let (planned, last_read, last_asked, problems) = Default::default();
        Self { id, kind, interval, token, client, planned, last_read, last_asked, problems }
    }

    /// Which source it reads.
    #[must_use]
    pub fn id(&self) -> &SourceId {
        &self.id
    }

    /// Reads the raw samples of `selectors` as of `now`. A selector without any series has an
    /// empty list; one that could not be read is missing, and [`Reader::problems`] says why. When
    /// nothing could be read, the first problem is the error.
    pub async fn read(
        &mut self,
        selectors: &BTreeSet<String>,
        now: Timestamp,
    ) -> Result<BTreeMap<String, Vec<Series>>, ReadError> {
        self.problems.clear();
        let readings = match self.kind.clone() {
            SourceKind::Prometheus { url, .. } => {
                let (asked, selectors) = query::split(selectors);
                let mut readings = self.query(&url, &selectors, now).await;
                readings.extend(self.question(&url, &asked, now).await);
                readings
            }
            SourceKind::Scrape { targets } => self.scrape(targets, selectors, now).await,
        };
        match self.problems.first() {
            Some(problem) if readings.is_empty() => Err(problem.clone()),
            _ => Ok(readings),
        }
    }

    /// What could not be read at the last read.
    #[must_use]
    pub fn problems(&self) -> &[ReadError] {
        &self.problems
    }

    /// Reads the raw samples of `selectors` between two times of the past: all that can be asked, or none. A source that
    /// we scrape ourselves has no past.
    pub async fn history(
        &self,
        selectors: &BTreeSet<String>,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<BTreeMap<String, Vec<Series>>, ReadError> {
        let SourceKind::Prometheus { url: base, .. } = &self.kind else {
            return Ok(selectors.iter().map(|it| (it.clone(), vec![])).collect());
        };
        // What cannot be asked is told by every read of the present.
        let (questions, selectors) = query::split(selectors);
        let mut waiting = Planned::new(&selectors).batches;
        let bearer = self.bearer();
        let mut readings = BTreeMap::new();
        // One after the other: history can wait, and whoever asks for the present must not.
        while let Some(batch) = waiting.pop() {
            let url = prometheus::address(base, &batch.query, to.since(from), to)?;
            match ask(&self.client, base, &url, bearer.as_deref(), &batch.query).await {
                Ok(answered) => readings.extend(batch.share_out(answered)),
                Err(error) => {
                    let halves = batch.halves().filter(|_| error.wants_less()).ok_or(error)?;
                    waiting.extend(halves.map(Arc::new));
                }
            }
        }
        let minutes = query::minutes(from, to);
        for (selector, minutes) in questions.into_iter().filter_map(|it| Some((it, minutes?))) {
            let Some(text) = slo::query::question(&selector) else { continue };
            let url = query::address(base, text, minutes)?;
            let answered = ask(&self.client, base, &url, bearer.as_deref(), text).await?;
            readings.insert(selector, answered.series);
        }
        Ok(readings)
    }

    /// Asks what is to be asked in `PromQL` now, a few questions at a time.
    async fn question(
        &mut self,
        base: &str,
        asked: &[String],
        now: Timestamp,
    ) -> BTreeMap<String, Vec<Series>> {
        self.last_asked.retain(|selector, _| asked.contains(selector));
        let bearer = self.bearer();
        let job = |selector: &String| {
            let last = self.last_asked.get(selector).copied();
            let minutes = query::due(now, last, self.interval)?;
            let text = slo::query::question(selector)?.to_owned();
            let (client, base, bearer) =
                (Arc::clone(&self.client), base.to_owned(), bearer.clone());
            let selector = selector.clone();
            Some(async move {
                let answer = match query::address(&base, &text, minutes) {
                    Ok(url) => ask(&client, &base, &url, bearer.as_deref(), &text).await,
                    Err(error) => Err(error),
                };
                (selector, answer)
            })
        };
        let mut readings = BTreeMap::new();
        for (selector, answer) in gathered(asked.iter().filter_map(job).collect()).await {
            match answer {
                Ok(answered) => {
                    self.last_asked.insert(selector.clone(), now);
                    readings.insert(selector, answered.series);
                }
                Err(problem) => self.problems.push(problem),
            }
        }
        readings
    }

    fn bearer(&self) -> Option<Arc<str>> {
        self.token.as_ref().map(|it| format!("Bearer {it}").into())
    }

    async fn query(
        &mut self,
        base: &str,
        selectors: &BTreeSet<String>,
        now: Timestamp,
    ) -> BTreeMap<String, Vec<Series>> {
        if self.planned.selectors != *selectors {
            self.planned = Planned::new(selectors);
        }
        self.problems.clone_from(&self.planned.problems);
        let mut readings = BTreeMap::new();
        let mut waiting = self.planned.batches.clone();
        // Again for the halves of what was too much at once.
        while !waiting.is_empty() {
            for (batch, answer) in self.asked(base, std::mem::take(&mut waiting), now).await {
                let problem = match answer {
                    Ok(answered) => {
                        self.last_read.insert(batch.query.clone(), now);
                        readings.extend(batch.share_out(answered));
                        continue;
                    }
                    Err(problem) => problem,
                };
                let halves = if problem.wants_less() { self.planned.halve(&batch) } else { None };
                let Some(halves) = halves else {
                    self.problems.push(problem);
                    continue;
                };
                let since = self.last_read.get(&batch.query).copied();
                for half in halves {
                    self.last_read.extend(since.map(|it| (half.query.clone(), it)));
                    waiting.push(half);
                }
            }
        }
        let current: BTreeSet<&str> =
            self.planned.batches.iter().map(|it| it.query.as_str()).collect();
        self.last_read.retain(|query, _| current.contains(query.as_str()));
        readings
    }

    /// Asks for all of `batches`, a few at a time.
    async fn asked(
        &self,
        base: &str,
        batches: Vec<Arc<Batch>>,
        now: Timestamp,
    ) -> Vec<(Arc<Batch>, Result<prometheus::Answered, ReadError>)> {
        let bearer = self.bearer();
        let jobs = batches.into_iter().map(|batch| {
            let last_read = self.last_read.get(&batch.query).copied();
            let range = prometheus::range(now, last_read, self.interval);
            let url = prometheus::address(base, &batch.query, range, now);
            let (client, base) = (Arc::clone(&self.client), base.to_owned());
            let bearer = bearer.clone();
            async move {
                let answer = match url {
                    Ok(url) => ask(&client, &base, &url, bearer.as_deref(), &batch.query).await,
                    Err(error) => Err(error),
                };
                (batch, answer)
            }
        });
        gathered(jobs.collect()).await
    }

    async fn scrape(
        &mut self,
        targets: BTreeMap<String, String>,
        selectors: &BTreeSet<String>,
        now: Timestamp,
    ) -> BTreeMap<String, Vec<Series>> {
        if targets.is_empty() {
            let source_id = self.id.to_string();
            self.problems.push(ReadError::NoTargets { source_id });
            return BTreeMap::new();
        }
        let jobs = targets.into_iter().map(|(job, url)| {
            let client = Arc::clone(&self.client);
            async move { fetch(&client, &job, &url, now).await }
        });
        let (mut series, mut answered) = (Vec::new(), false);
        for page in gathered(jobs.collect()).await {
            match page {
                Ok(found) => {
                    answered = true;
                    series.extend(found);
                }
                Err(problem) => self.problems.push(problem),
            }
        }
        if !answered {
            return BTreeMap::new();
        }
        let (readings, problems) = scrape::choose(selectors, &series);
        self.problems.extend(problems);
        readings
    }
}

async fn ask(
    client: &egress::Client,
    base: &str,
    url: &str,
    bearer: Option<&str>,
    query: &str,
) -> Result<prometheus::Answered, ReadError> {
    let mut headers = vec![("accept", "application/json")];
    headers.extend(bearer.map(|it| ("authorization", it)));
    let response = client
        .get(url, &headers, ANSWER_BYTES_MAX, QUERY_TIMEOUT)
        .await
        .map_err(|it| unreachable_error(base, &it))?;
    let reply = Reply { url: base, status: response.status, body: &response.body };
    prometheus::parse(&reply, query)
}

async fn fetch(
    client: &egress::Client,
    job: &str,
    url: &str,
    now: Timestamp,
) -> Result<Vec<Series>, ReadError> {
    let response = client
        .get(url, &[("accept", scrape::ACCEPT)], SCRAPE_BYTES_MAX, SCRAPE_TIMEOUT)
        .await
        .map_err(|it| unreachable_error(url, &it))?;
    match response.status {
        200..300 => scrape::parse(job, url, &response.body, now),
        status => Err(ReadError::Status { url: url.to_owned(), status }),
    }
}

fn unreachable_error(url: &str, error: &egress::Error) -> ReadError {
    let (url, detail) = (url.to_owned(), error.to_string());
    match error {
        egress::Error::TooLarge { .. } | egress::Error::Timeout { .. } => {
            ReadError::TooMuch { url, detail }
        }
        _ => ReadError::Unreachable { url, detail },
    }
}

/// Runs `jobs`, a few at a time, and returns what they give in the order of the jobs.
async fn gathered<T: Send + 'static>(
    jobs: Vec<impl Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    let mut waiting = jobs.into_iter().enumerate();
    let mut running = JoinSet::new();
    let mut done = BTreeMap::new();
    loop {
        while running.len() < REQUESTS_AT_ONCE_MAX {
            let Some((index, job)) = waiting.next() else { break };
            running.spawn(async move { (index, job.await) });
        }
        match running.join_next().await {
            None => return done.into_values().collect(),
            Some(Ok((index, result))) => {
                done.insert(index, result);
            }
            // Only an abort of the runtime cancels a job, and then nobody reads the answer.
            Some(Err(error)) => {
                if let Ok(panic) = error.try_into_panic() {
                    std::panic::resume_unwind(panic);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
