//! What the desk promises: durable or unsaid, one bug harms one submission, restarts change nothing.

mod world;

use crate::desk::{End, SubmitError};
use crate::{Core, ManualClock, OpenError, Planted, spawn};
use engine::{Command, Submission, WhyId};
use model::{AlertId, Millis, PageId, PersonId, Timestamp};
use std::sync::Arc;
use store::{AppendError, Journal as _, StoreError};
use world::{
    FaultyJournal, Randomness, START, adopt, at, core, kinds, open, options, page_ack, raise, shown,
};

#[test]
fn what_cannot_be_stored_did_not_happen() {
    let journal = FaultyJournal::new();
    let mut core = core(&journal);
    let before = shown(&core);
    journal.fail_next_append(AppendError::Unavailable("no space".into()));
    let batch = [raise("no lights"), raise("no water")];
    let turn = core.turn(at(1), &batch);
    let refused =
        || Err(SubmitError::Unavailable("the journal cannot be written now: no space".into()));
    assert_eq!((turn.answers, turn.end), (vec![refused(), refused()], None));
    assert_eq!(shown(&core), before);

    let turn = core.turn(at(2), &batch);
    let accepted = turn.answers[0].as_ref().expect("the journal can be written again");
    assert_eq!(kinds(accepted), "alert_fired incident_opened page_opened page_notified");
    assert_eq!(accepted.seq, 5);
    assert_eq!(turn.answers[1].as_ref().expect("this too").seq, 9);
    assert_eq!(shown(&open(&journal, at(2))), shown(&core));
}

#[test]
fn a_journal_that_cannot_be_trusted_ends_the_writer() {
    let journal = FaultyJournal::new();
    let mut core = core(&journal);
    journal.fail_next_append(AppendError::Fatal("fsync failed".into()));
    let turn = core.turn(at(1), &[raise("no lights")]);
    let reason = "the journal cannot be trusted any more: fsync failed".to_owned();
    assert_eq!(turn.answers, [Err(SubmitError::Fatal(reason.clone()))]);
    assert_eq!(turn.end, Some(End::Fatal(reason)));
}

#[test]
fn an_append_whose_answer_is_lost_is_looked_up() {
    let journal = FaultyJournal::new();
    let mut core = core(&journal);
    let keyed = Submission { key: Some("k1".into()), ..raise("no lights") };
    // It took place.
    journal.lose_next_answer();
    let turn = core.turn(at(1), std::slice::from_ref(&keyed));
    assert!(matches!(turn.answers[0], Err(SubmitError::Unknown(_))), "{:?}", turn.answers);
    assert_eq!((turn.end, core.head().seq), (None, 1));
    // While the journal cannot be asked, nothing is answered and nothing forgotten.
    journal.fail_renewals(true);
    let turn = core.turn(at(1), std::slice::from_ref(&keyed));
    assert!(matches!(turn.answers[0], Err(SubmitError::Unavailable(_))), "{:?}", turn.answers);
    journal.fail_renewals(false);
    let turn = core.turn(at(1), &[keyed.clone(), raise("no water")]);
    let [Ok(again), Ok(next)] = &turn.answers[..] else { panic!("{:?}", turn.answers) };
    assert_eq!((again.repeated, again.seq, next.seq), (true, 5, 9));
    // It did not.
    journal.fail_next_append(AppendError::Unknown("the connection broke".into()));
    let turn = core.turn(at(1), &[raise("no power")]);
    assert!(matches!(turn.answers[0], Err(SubmitError::Unknown(_))), "{:?}", turn.answers);
    let turn = core.turn(at(1), &[raise("no power")]);
    assert_eq!(turn.answers[0].as_ref().expect("the journal answers again").seq, 13);
    assert_eq!(shown(&open(&journal, at(2))), shown(&core));
}

#[test]
fn an_append_in_doubt_is_left_to_whoever_has_taken_over() {
    let journal = FaultyJournal::new();
    let mut first = core(&journal);
    journal.lose_next_answer();
    first.turn(at(0), &[raise("no lights")]);
    // The same owner: a process that was started anew.
    let mut second = open(&journal, at(0));
    let turn = first.turn(at(0), &[raise("no water")]);
    assert!(matches!(turn.end, Some(End::LeaseLost(_))), "{turn:?}");
    let turn = second.turn(at(0), &[raise("no water")]);
    assert_eq!(turn.answers[0].as_ref().expect("it has the pen").seq, 9);
}

#[test]
fn the_same_key_is_done_once_and_answered_alike() {
    let journal = FaultyJournal::new();
    let mut core = core(&journal);
    let keyed = Submission { key: Some("k1".into()), ..raise("no lights") };
    let turn = core.turn(at(1), &[keyed.clone(), keyed.clone()]);
    let [Ok(first), Ok(second)] = &turn.answers[..] else { panic!("both are done") };
    assert_eq!((first.repeated, second.repeated), (false, true));
    assert_eq!((&first.events, first.seq), (&second.events, second.seq));
    let mut later = open(&journal, at(2));
    let turn = later.turn(at(3), &[keyed]);
    let third = turn.answers[0].as_ref().expect("done before");
    assert_eq!((third.repeated, &third.events), (true, &first.events));
}

#[test]
fn a_panic_refuses_one_submission_and_harms_no_other() {
    let journal = FaultyJournal::new();
    drop(core(&journal));
    let panics_over: fn(&Submission) -> bool =
        |it| matches!(&it.command, Command::Raise { title, .. } if title == "boom");
    let planted = Planted { panics_over: Some(panics_over), ..Planted::default() };
    let mut core =
        Core::open_planted(journal.clone(), options("a"), Randomness::boxed(), at(1), planted)
            .expect("the journal is sound");
    let turn = core.turn(at(1), &[raise("no lights"), raise("boom"), raise("no water")]);
    let shown_answers: Vec<String> = turn
        .answers
        .iter()
        .map(|it| it.as_ref().map_or_else(ToString::to_string, |it| it.seq.to_string()))
        .collect();
    let bug = "this met an error in the server itself and changed nothing: a planted panic";
    assert_eq!(shown_answers, ["5", bug, "9"]);
    assert_eq!(shown(&open(&journal, at(1))), shown(&core));
}

#[test]
fn a_restart_changes_nothing() {
    let journal = FaultyJournal::new();
    let mut core = core(&journal);
    core.turn(at(1), &[raise("no lights")]);
    let before = shown(&core);
    // Without a snapshot, as after a crash.
    let again = open(&journal, at(2));
    assert_eq!(shown(&again), before);
    // With one.
    again.close();
    assert!(journal.clone().latest_snapshot().expect("memory works").is_some());
    assert_eq!(shown(&open(&journal, at(3))), before);
}

#[test]
fn a_snapshot_that_does_not_fit_is_left_aside() {
    let journal = FaultyJournal::new();
    let mut core = core(&journal);
    core.turn(at(1), &[raise("no lights")]);
    core.snapshot().expect("memory works");
    let before = shown(&core);
    let snapshot =
        journal.clone().latest_snapshot().expect("memory works").expect("there is a snapshot");
    for damage in [
        |it: &mut store::Snapshot| it.format += 1,
        |it: &mut store::Snapshot| it.hash[0] ^= 1,
        |it: &mut store::Snapshot| it.digest[0] ^= 1,
        |it: &mut store::Snapshot| it.seq -= 1,
        |it: &mut store::Snapshot| it.body.truncate(10),
    ] {
        let mut damaged = snapshot.clone();
        damage(&mut damaged);
        journal.clone().save_snapshot(&damaged).expect("memory works");
        assert_eq!(shown(&open(&journal, at(2))), before);
    }
}

#[test]
fn a_damaged_journal_is_not_opened() {
    let journal = FaultyJournal::new();
    drop(core(&journal));
    journal.inner().tamper(1, |it| it.new.body = it.new.body.replace("ana", "eve"));
    let error = Core::open(journal, options("a"), Randomness::boxed(), at(1))
        .expect_err("record 1 was altered");
    assert_eq!(
        error.to_string(),
        "the journal is damaged at record 1: it was altered, or the one before it was; run \
         `lamplighter journal verify`, and restore a backup"
    );
}

#[test]
fn a_later_writer_ends_the_earlier_one() {
    let journal = FaultyJournal::new();
    let mut first = core(&journal);
    let held = Core::open(journal.clone(), options("b"), Randomness::boxed(), at(0));
    assert!(matches!(held, Err(OpenError::Store(StoreError::LeaseHeld { .. }))), "{held:?}");
    // The first one sleeps through the end of its lease.
    let mut second = Core::open(journal.clone(), options("b"), Randomness::boxed(), at(10))
        .expect("the lease has ended");
    second.turn(at(10), &[raise("no water")]);
    let turn = first.turn(at(10), &[raise("no lights")]);
    let reason = "a later writer has taken over (epoch 2); this one must stop".to_owned();
    assert_eq!(turn.answers, [Err(SubmitError::Unavailable(reason.clone()))]);
    assert_eq!(turn.end, Some(End::LeaseLost(reason)));
    assert_eq!(shown(&open(&journal, at(99))), shown(&second));
}

#[test]
fn a_lease_that_cannot_be_renewed_holds_until_its_end() {
    let journal = FaultyJournal::new();
    let mut core = core(&journal);
    journal.fail_renewals(true);
    let later = |secs| START.plus(Millis::from_secs(secs));
    let answered = |turn: crate::Turn| turn.answers[0].is_ok();
    assert!(answered(core.turn(later(20), &[raise("no lights")])));
    assert!(answered(core.turn(later(59), &[raise("no water")])));
    assert!(!answered(core.turn(later(61), &[raise("no power")])));
    assert!(!answered(core.turn(later(62), &[raise("no power")])));
    journal.fail_renewals(false);
    assert!(answered(core.turn(later(63), &[raise("no power")])));
}

#[test]
fn deadlines_pass_though_the_clock_was_set_back() {
    let journal = FaultyJournal::new();
    let mut core = core(&journal);
    core.turn(at(600), &[raise("no lights")]);
    // Ten hours back. The first step waits five minutes: at half speed, ten.
    core.turn(at(0), &[]);
    let wake = core.wake_at();
    assert!(wake > at(0), "{wake}");
    assert!(shown(&core).contains("\"attempt\": 0"));
    core.turn(at(9), &[]);
    assert!(shown(&core).contains("\"attempt\": 0"));
    core.turn(at(11), &[]);
    assert!(shown(&core).contains("\"attempt\": 1"), "{}", shown(&core));
}

#[test]
fn erased_text_is_gone_everywhere_and_stays_away() {
    let journal = FaultyJournal::new();
    let mut core = core(&journal);
    assert!(shown(&core).contains("ana@solar.example"));
    core.snapshot().expect("memory works");
    core.erase(&PersonId::from("ana")).expect("memory works");
    assert!(!shown(&core).contains("ana@solar.example"));
    assert!(shown(&core).contains("bo@solar.example"));
    let once_more = core.turn(at(1), &[adopt("second")]);
    let accepted = once_more.answers[0].as_ref().expect("the catalogue is fine");
    assert!(!format!("{accepted:?}").contains("ana@solar.example"));
    assert!(!shown(&core).contains("ana@solar.example"));
    assert_eq!(shown(&open(&journal, at(1))), shown(&core));
}

#[tokio::test]
async fn the_thread_answers_wakes_and_stops() {
    let journal = FaultyJournal::new();
    let clock = Arc::new(ManualClock::new(at(0)));
    let (handle, thread) = spawn(core(&journal), Arc::clone(&clock) as Arc<dyn crate::Clock>);
    let accepted = handle.submit(raise("no lights")).await.expect("the journal works");
    assert_eq!(kinds(&accepted), "alert_fired incident_opened page_opened page_notified");
    let mut head = handle.subscribe();
    clock.advance(Millis::from_mins(5));
    head.wait_for(|it| *it == 6).await.expect("the thread lives");
    assert_eq!(handle.now(), at(5));
    let refused = handle.submit(page_ack(PageId(9), "ana")).await.expect_err("no such page");
    assert_eq!(refused.to_string(), "there is no page `pg_9` here; it may be closed and archived");
    handle.submit(page_ack(PageId(1), "ana")).await.expect("this one is open");
    handle.put_setting("offset", "5").await.expect("memory works");
    assert_eq!(handle.setting("offset").await, Ok(Some("5".to_owned())));
    let head = handle.head().await.expect("the thread lives");
    assert_eq!(head, journal.inner().head().expect("memory works"));
    assert_eq!(handle.stop().await, End::Stopped);
    assert_eq!(thread.join().expect("no panic"), End::Stopped);
    assert!(journal.inner().latest_snapshot().expect("memory works").is_some());
    let late = handle.submit(raise("too late")).await.expect_err("the thread is gone");
    assert_eq!(
        late.to_string(),
        "this could not be stored now: the server is stopping; please try again"
    );
}

#[tokio::test]
async fn why_tells_the_same_from_memory_and_from_the_journal() {
    let journal = FaultyJournal::new();
    let clock = Arc::new(ManualClock::new(at(0)));
    let mut core = core(&journal);
    core.turn(at(0), &[raise("no lights"), raise("no water")]);
    core.turn(at(6), &[]);
    core.turn(at(7), &[page_ack(PageId(1), "bo")]);
    clock.set(at(7));
    let (handle, thread) = spawn(core, clock);
    let ids = ["al_1", "in_1", "pg_1", "no_1", "no_3"];
    let expected = handle.why(WhyId::Alert(AlertId(1))).await.expect("the thread lives");
    assert_eq!(expected.len(), 6, "{expected:#?}");
    for id in ids {
        let id = WhyId::parse(id).expect("an id");
        let searched = crate::why::searched(&handle, id).await;
        assert_eq!(handle.why(id).await.as_ref(), Ok(&expected), "{id}");
        assert_eq!(searched.as_ref(), Ok(&expected), "{id}");
    }
    let never = handle.why(WhyId::Page(PageId(99))).await;
    assert_eq!(never, Ok(vec![]));
    handle.stop().await;
    thread.join().expect("no panic");
}

#[tokio::test]
async fn a_lost_lease_ends_the_thread_and_says_so() {
    let journal = FaultyJournal::new();
    let clock = Arc::new(ManualClock::new(at(0)));
    let (handle, thread) = spawn(core(&journal), clock);
    journal.fail_next_append(AppendError::Fenced { current: 7 });
    handle.submit(raise("no lights")).await.expect_err("another writer has the pen");
    let reason = "a later writer has taken over (epoch 7); this one must stop".to_owned();
    assert_eq!(handle.ended().await, End::LeaseLost(reason.clone()));
    assert_eq!(thread.join().expect("no panic"), End::LeaseLost(reason));
}

#[test]
fn time_zero_is_no_time_to_act() {
    // A machine without a battery for its clock wakes up in 1970.
    let journal = FaultyJournal::new();
    drop(core(&journal));
    let mut core = open(&journal, Timestamp(0));
    let turn = core.turn(Timestamp(60_000), &[raise("no lights")]);
    let accepted = turn.answers[0].as_ref().expect("time goes on from the journal's end");
    assert_eq!(accepted.events[0].at, START.plus(Millis::from_secs(30)));
}
