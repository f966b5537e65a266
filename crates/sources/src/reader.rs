//! One source, read once per tick.
//!
//! Intuition: the server holds a reader per source and asks it at every tick; whatever kind of
//! source it is, the answer is the readings per selector. An error means that nothing could be
//! read; a part that could not be read is missing in the answer and told by
//! [`Reader::problems`].

use crate::ReadError;
use crate::prometheus::{self, ANSWER_BYTES_MAX, QUERY_TIMEOUT, Question, Reply};
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
    /// When each question was last answered.
    last_read: BTreeMap<String, Timestamp>,
    problems: Vec<ReadError>,
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
        Self { id, kind, interval, token, client, last_read: BTreeMap::new(), problems: Vec::new() }
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
            SourceKind::Prometheus { url, .. } => self.query(&url, selectors, now).await,
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
        let (asked, selectors) = query::split(selectors);
        // What cannot be asked is told by every read of the present.
        let (questions, _) = prometheus::plan(&selectors);
        let bearer = self.token.as_ref().map(|it| format!("Bearer {it}"));
        let mut readings = BTreeMap::new();
        // One after the other: history can wait, and whoever asks for the present must not.
        for question in questions {
            let url = prometheus::address(base, &question.query, to.since(from), to)?;
            let series = ask(&self.client, base, &url, bearer.as_deref(), &question).await?;
            readings.extend(prometheus::share_out(&question, series));
        }
        let minutes = query::minutes(from, to);
        for (selector, minutes) in asked.into_iter().filter_map(|it| Some((it, minutes?))) {
            let Some(text) = slo::query::question(&selector) else { continue };
            let question = Question::new(&selector, text.to_owned());
            let url = query::address(base, text, minutes)?;
            let series = ask(&self.client, base, &url, bearer.as_deref(), &question).await?;
            readings.extend(prometheus::share_out(&question, series));
        }
        Ok(readings)
    }

    /// What is to be asked in PromQL now, and where.
    fn questions(
        &self,
        base: &str,
        asked: Vec<String>,
        now: Timestamp,
    ) -> Vec<(Question, Result<String, ReadError>)> {
        let one = |selector: String| {
            let last_read = self.last_read.get(&selector).copied();
            let minutes = query::due(now, last_read, self.interval)?;
            let text = slo::query::question(&selector)?;
            let question = Question::new(&selector, text.to_owned());
            Some((question, query::address(base, text, minutes)))
        };
        asked.into_iter().filter_map(one).collect()
    }

    async fn query(
        &mut self,
        base: &str,
        selectors: &BTreeSet<String>,
        now: Timestamp,
    ) -> BTreeMap<String, Vec<Series>> {
        self.last_read.retain(|selector, _| selectors.contains(selector));
        let (asked, selectors) = query::split(selectors);
        let (questions, problems) = prometheus::plan(&selectors);
        self.problems = problems;
        let bearer: Option<Arc<str>> = self.token.as_ref().map(|it| format!("Bearer {it}").into());
        let of_selectors = questions.into_iter().map(|question| {
            let last_read = self.last_read.get(&question.selector).copied();
            let range = prometheus::range(now, last_read, self.interval);
            let url = prometheus::address(base, &question.query, range, now);
            (question, url)
        });
        let asked = self.questions(base, asked, now);
        let jobs = of_selectors.chain(asked).map(|(question, url)| {
            let (client, base) = (Arc::clone(&self.client), base.to_owned());
            let bearer = bearer.clone();
            async move {
                let answer = match url {
                    Ok(url) => ask(&client, &base, &url, bearer.as_deref(), &question).await,
                    Err(error) => Err(error),
                };
                (question, answer)
            }
        });
        let mut readings = BTreeMap::new();
        for (question, answer) in gathered(jobs.collect()).await {
            match answer {
                Ok(series) => {
                    self.last_read.insert(question.selector.clone(), now);
                    readings.extend(prometheus::share_out(&question, series));
                }
                Err(problem) => self.problems.push(problem),
            }
        }
        readings
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
    question: &Question,
) -> Result<prometheus::Answered, ReadError> {
    let mut headers = vec![("accept", "application/json")];
    headers.extend(bearer.map(|it| ("authorization", it)));
    let response = client
        .get(url, &headers, ANSWER_BYTES_MAX, QUERY_TIMEOUT)
        .await
        .map_err(|it| unreachable_error(base, &it))?;
    let reply = Reply { url: base, status: response.status, body: &response.body };
    prometheus::parse(&reply, &question.query)
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
    ReadError::Unreachable { url: url.to_owned(), detail: error.to_string() }
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
