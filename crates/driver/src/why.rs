//! The chain about an alert, incident, page or notice, from wherever it is.
//!
//! What is in memory knows its places in the journal. For anything older the journal is searched in
//! pieces, so that the writer goes on between them: first upwards, from notice to page to incident,
//! then once more for everything about that incident.

use crate::handle::{Handle, RequestError};
use crate::restore::READ_MAX;
use engine::{Event, EventRecord, State, WhyId, WhyLine, why, why_trail};
use std::collections::BTreeSet;

/// Places asked for in one go.
const PLACES_MAX: usize = 100;

pub(crate) async fn chain(handle: &Handle, id: WhyId) -> Result<Vec<WhyLine>, RequestError> {
    let trail = why_trail(&handle.state(), &id);
    let Some(trail) = trail else { return searched(handle, id).await };
    let mut records = vec![];
    for places in trail.chunks(PLACES_MAX) {
        records.extend(handle.records_at(places.to_vec()).await?);
    }
    Ok(why(&records, &id, &handle.state()))
}

/// The same without help from memory.
pub(crate) async fn searched(handle: &Handle, id: WhyId) -> Result<Vec<WhyLine>, RequestError> {
    let mut top = id;
    while let Some(parent) = parent_in_journal(handle, &top).await? {
        top = parent;
    }
    let mut gathered = Gathered::default();
    let mut after = 0;
    loop {
        let records = handle.records(after, READ_MAX).await?;
        let Some(last) = records.last() else { break };
        after = last.seq;
        gathered.add(records, &top, &handle.state());
    }
    Ok(gathered.finish(&top, &handle.state()))
}

/// What `id` is part of, as far as the journal says.
async fn parent_in_journal(handle: &Handle, id: &WhyId) -> Result<Option<WhyId>, RequestError> {
    let mut after = 0;
    loop {
        let records = handle.records(after, READ_MAX).await?;
        let Some(last) = records.last() else { return Ok(None) };
        after = last.seq;
        if let Some(parent) = records.iter().find_map(|it| parent(&it.event, id)) {
            return Ok(Some(parent));
        }
    }
}

fn parent(event: &Event, id: &WhyId) -> Option<WhyId> {
    match (event, id) {
        (Event::PageNotified { page, notices, .. }, WhyId::Notice(id)) => {
            notices.iter().any(|it| it.notice == *id).then_some(WhyId::Page(*page))
        }
        (Event::PageOpened { page, incident, .. }, WhyId::Page(id)) => {
            (page == id).then_some(WhyId::Incident(*incident))
        }
        (
            Event::IncidentOpened { incident, alert, .. } | Event::AlertJoined { incident, alert },
            WhyId::Alert(id),
        ) => (alert == id).then_some(WhyId::Incident(*incident)),
        _ => None,
    }
}

/// Records that belong, out of a journal that is read piece by piece. An alert fires right before it
/// joins its incident, so the last piece is kept until the next one is known.
#[derive(Default)]
struct Gathered {
    kept: Vec<EventRecord>,
    last: Vec<EventRecord>,
}

impl Gathered {
    fn add(&mut self, records: Vec<EventRecord>, id: &WhyId, state: &State) {
        let mut together = std::mem::take(&mut self.kept);
        together.append(&mut self.last);
        let old_count = together.len();
        together.extend(records.iter().cloned());
        let related: BTreeSet<u64> = why(&together, id, state).iter().map(|it| it.seq).collect();
        together.truncate(old_count);
        together.retain(|it| related.contains(&it.seq));
        self.kept = together;
        self.last = records;
    }

    fn finish(mut self, id: &WhyId, state: &State) -> Vec<WhyLine> {
        self.kept.append(&mut self.last);
        why(&self.kept, id, state)
    }
}
