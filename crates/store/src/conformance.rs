//! The tests that every backend must pass: `store::conformance!(name, open)`.
//!
//! `open` takes the name of an organisation that no other test uses and returns a fresh handle on the
//! same storage each time it is called with it.

use crate::{NewRecord, Slot};
use model::Timestamp;

/// An entry like any other.
#[must_use]
pub fn sample(number: i64) -> NewRecord {
    NewRecord {
        at: Timestamp(number),
        kind: "sample.v1".to_owned(),
        body: format!("{{\"number\":{number}}}"),
        slots: vec![Slot { subject: "ana".to_owned(), nonce: vec![1; 12], sealed: vec![7; 20] }],
    }
}

/// Makes a module of tests for a journal.
#[macro_export]
macro_rules! conformance {
    ($name:ident, $open:expr) => {
        mod $name {
            use super::*;
            use ::model::{Millis, Timestamp};
            use $crate::conformance::sample;
            use $crate::{
                AppendError, Epoch, Head, Journal, KeyState, Snapshot, StoreError, Verdict, verify,
            };

            const TTL: Millis = Millis::from_secs(30);

            fn writer(journal: &mut impl Journal) -> Epoch {
                journal.acquire("me", Timestamp(0), TTL).expect("the lease is free")
            }

            #[test]
            fn appends_in_order_and_reads_back() {
                let mut journal = $open("order");
                let epoch = writer(&mut journal);
                let head = journal.append(epoch, 0, &[sample(1), sample(2)]).expect("appended");
                assert_eq!(head.seq, 2);
                assert_eq!(journal.head(), Ok(head));
                let records = journal.read(0, 10).expect("read");
                assert_eq!(records.iter().map(|it| it.seq).collect::<Vec<_>>(), [1, 2]);
                assert_eq!(records[1].new, sample(2));
                assert_eq!(records[1].hash, head.hash);
                assert_eq!(journal.read(1, 10).expect("read"), records[1..]);
                assert_eq!(journal.read(0, 1).expect("read"), records[..1]);
            }

            #[test]
            fn refuses_a_writer_at_another_place_and_stores_nothing() {
                let mut journal = $open("conflict");
                let epoch = writer(&mut journal);
                journal.append(epoch, 0, &[sample(1)]).expect("appended");
                let refused = journal.append(epoch, 0, &[sample(2), sample(3)]);
                assert_eq!(refused, Err(AppendError::Conflict { actual: 1 }));
                assert_eq!(journal.read(0, 10).expect("read").len(), 1);
            }

            #[test]
            fn a_later_writer_fences_an_earlier_one() {
                let mut journal = $open("fence");
                let old = writer(&mut journal);
                let held = journal.acquire("other", Timestamp(10), TTL);
                let until = Timestamp(0).plus(TTL);
                assert_eq!(held, Err(StoreError::LeaseHeld { owner: "me".to_owned(), until }));
                let new = journal.acquire("other", until, TTL).expect("the lease has ended");
                assert!(new > old);
                let refused = journal.append(old, 0, &[sample(1)]);
                assert_eq!(refused, Err(AppendError::Fenced { current: new.0 }));
                let renewed = journal.renew(old, until, TTL);
                assert_eq!(renewed, Err(StoreError::Fenced { current: new.0 }));
                journal.append(new, 0, &[sample(1)]).expect("appended");
            }

            #[test]
            fn a_renewed_lease_holds_and_a_released_one_is_free() {
                let mut journal = $open("lease");
                let epoch = writer(&mut journal);
                journal.renew(epoch, Timestamp(20_000), TTL).expect("renewed");
                let later = Timestamp(0).plus(TTL);
                assert!(journal.acquire("other", later, TTL).is_err());
                journal.release(epoch).expect("released");
                journal.acquire("other", later, TTL).expect("free");
            }

            #[test]
            fn keeps_the_two_latest_snapshots() {
                let mut journal = $open("snapshots");
                assert_eq!(journal.latest_snapshot(), Ok(None));
                for seq in 1..=3 {
                    let snapshot = Snapshot {
                        seq,
                        hash: [1; 32],
                        format: 1,
                        digest: [2; 32],
                        body: vec![u8::try_from(seq).expect("small"); 5],
                    };
                    journal.save_snapshot(&snapshot).expect("saved");
                    assert_eq!(journal.latest_snapshot(), Ok(Some(snapshot)));
                }
            }

            #[test]
            fn a_destroyed_key_never_comes_back() {
                let mut journal = $open("keys");
                assert_eq!(journal.key("ana"), Ok(KeyState::Missing));
                journal.put_key("ana", &[3; 32]).expect("kept");
                assert_eq!(journal.key("ana"), Ok(KeyState::Present(vec![3; 32])));
                journal.destroy_key("ana").expect("destroyed");
                assert_eq!(journal.key("ana"), Ok(KeyState::Destroyed));
                let refused = journal.put_key("ana", &[4; 32]);
                assert_eq!(refused, Err(StoreError::KeyDestroyed { subject: "ana".to_owned() }));
                assert_eq!(journal.key("ana"), Ok(KeyState::Destroyed));
            }

            #[test]
            fn settings_are_kept() {
                let mut journal = $open("settings");
                assert_eq!(journal.get_setting("offset"), Ok(None));
                journal.put_setting("offset", "5").expect("kept");
                journal.put_setting("offset", "6").expect("kept");
                assert_eq!(journal.get_setting("offset"), Ok(Some("6".to_owned())));
            }

            #[test]
            fn a_sound_chain_verifies_and_a_wrong_anchor_does_not() {
                let mut journal = $open("sound");
                let epoch = writer(&mut journal);
                for number in 0..5 {
                    let seq = u64::try_from(number).expect("not negative");
                    journal.append(epoch, seq, &[sample(number)]).expect("appended");
                }
                let head = journal.head().expect("head");
                let org = "sound";
                let sound = verify(&mut journal, org, Some(&head), &mut |_| {}).expect("read");
                assert_eq!(sound, Verdict::Sound(head));
                let other = Head { seq: 3, hash: [9; 32] };
                let verdict = verify(&mut journal, org, Some(&other), &mut |_| {}).expect("read");
                assert!(matches!(verdict, Verdict::Broken { seq: 3, .. }), "{verdict:?}");
                let longer = Head { seq: 9, hash: [9; 32] };
                let verdict = verify(&mut journal, org, Some(&longer), &mut |_| {}).expect("read");
                assert!(matches!(verdict, Verdict::Broken { seq: 6, .. }), "{verdict:?}");
            }
        }
    };
}

/// Makes a module of tests for samples.
#[macro_export]
macro_rules! samples_conformance {
    ($name:ident, $open:expr) => {
        mod $name {
            use super::*;
            use $crate::Samples;

            #[test]
            fn minutes_are_kept_replaced_and_forgotten() {
                let mut samples = $open("samples");
                let minutes = [(59, Some((1, 300))), (60, None), (61, Some((0, 0)))];
                samples.put("api.up", &minutes).expect("kept");
                samples.put("other.up", &[(60, Some((9, 9)))]).expect("kept");
                assert_eq!(samples.range("api.up", 0, 1_000), Ok(minutes.to_vec()));
                assert_eq!(samples.range("api.up", 60, 61), Ok(vec![(60, None)]));
                samples.put("api.up", &[(60, Some((2, 70_000)))]).expect("kept");
                assert_eq!(samples.range("api.up", 60, 61), Ok(vec![(60, Some((2, 70_000)))]));
                samples.forget_before(60).expect("forgotten");
                assert_eq!(samples.range("api.up", 0, 60), Ok(vec![]));
                assert_eq!(samples.range("api.up", 60, 120).map(|it| it.len()), Ok(2));
                assert_eq!(samples.range("none.up", 0, 120), Ok(vec![]));
            }
        }
    };
}
