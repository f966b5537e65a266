//! Bugs in what becomes of a page once somebody has it, and in what several calls become.

use super::without;
use engine::{Event, EventRecord, PageCause};
use model::Millis;

const YEARS: Millis = Millis::from_days(10_000);

fn changed(mut records: Vec<EventRecord>, change: impl Fn(&mut Event)) -> Vec<EventRecord> {
    for it in &mut records {
        change(&mut it.event);
    }
    records
}

/// The records before the first of which `is` holds.
fn cut(mut records: Vec<EventRecord>, is: impl Fn(&Event) -> bool) -> Vec<EventRecord> {
    if let Some(place) = records.iter().position(|it| is(&it.event)) {
        records.truncate(place + 1);
    }
    records
}

pub(super) fn never_returned(records: Vec<EventRecord>) -> Vec<EventRecord> {
    without(records, |it| {
        let after = matches!(it, Event::PageNotified { cause: PageCause::Returned, .. });
        after || matches!(it, Event::PageReturned { .. })
    })
}

pub(super) fn held_for_ever(records: Vec<EventRecord>) -> Vec<EventRecord> {
    changed(records, |it| {
        if let Event::PageHeld { until, .. } = it {
            *until = until.plus(YEARS);
        }
    })
}

pub(super) fn put_off_for_ever(records: Vec<EventRecord>) -> Vec<EventRecord> {
    changed(records, |it| {
        if let Event::PageSnoozed { until, .. } = it {
            *until = until.plus(YEARS);
        }
    })
}

pub(super) fn one_is_enough(records: Vec<EventRecord>) -> Vec<EventRecord> {
    changed(records, |it| {
        if let Event::PagePartlyAcknowledged { page, by, via, .. } = it {
            *it = Event::PageAcknowledged { page: *page, by: by.clone(), via: via.clone() };
        }
    })
}

pub(super) fn handed_back(records: Vec<EventRecord>) -> Vec<EventRecord> {
    changed(records, |it| {
        if let Event::PageHanded { from, to, .. } = it {
            to.clone_from(from);
        }
    })
}

pub(super) fn merged_into_nothing(records: Vec<EventRecord>) -> Vec<EventRecord> {
    let merges = records.iter().any(|it| matches!(it.event, Event::IncidentMerged { .. }));
    if merges { without(records, |it| matches!(it, Event::IncidentMerged { .. })) } else { records }
}

pub(super) fn with_lost_list(records: Vec<EventRecord>) -> Vec<EventRecord> {
    changed(records, |it| {
        if let Event::CallsBundled { carriers, .. } = it {
            carriers.clear();
        }
    })
}

pub(super) fn without_lists(records: Vec<EventRecord>) -> Vec<EventRecord> {
    without(records, |it| matches!(it, Event::CallsBundled { .. }))
}

pub(super) fn without_shadow(records: Vec<EventRecord>) -> Vec<EventRecord> {
    without(records, |it| matches!(it, Event::ShadowBegan { .. }))
}

pub(super) fn without_escalation(records: Vec<EventRecord>) -> Vec<EventRecord> {
    cut(records, |it| matches!(it, Event::EscalationAsked { .. }))
}

pub(super) fn without_take_over(records: Vec<EventRecord>) -> Vec<EventRecord> {
    without(records, |it| matches!(it, Event::TakenOver { .. }))
}

pub(super) fn with_receipts_turned(records: Vec<EventRecord>) -> Vec<EventRecord> {
    changed(records, |it| {
        if let Event::NoticeUndelivered { notice, detail, .. } = it {
            let evidence = engine::ReceiptEvidence::Delivered;
            *it = Event::NoticeDelivered { notice: *notice, evidence, detail: detail.clone() };
        }
    })
}

pub(super) fn without_more_tries(records: Vec<EventRecord>) -> Vec<EventRecord> {
    without(records, |it| matches!(it, Event::PageNotifiedAlso { .. }))
}

pub(super) fn without_what_was_left_out(records: Vec<EventRecord>) -> Vec<EventRecord> {
    changed(records, |it| {
        if let Event::PageNotified { left_out, .. } = it {
            left_out.clear();
        }
    })
}
