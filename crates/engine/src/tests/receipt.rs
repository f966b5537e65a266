//! Receipts, a person's own rules, verified addresses, shifts and late truth as timelines.

use super::reaching::evidence;
use super::world::check;

const CALLED: &str = "
        0m AlertFired al_1 page feature:light-on
        0m IncidentOpened in_1
        0m PageOpened pg_1 payments
        0m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 5m";

#[track_caller]
fn check_called(script: &str, expected: &str) {
    check(script, &format!("{CALLED}\n{expected}"));
}

#[test]
fn an_undelivered_sms_goes_through_the_second_provider_and_then_to_the_next_person() {
    check(
        "0m with second-provider receipts / 0m burn light-on / 0m sent no_1 / 0m sent no_2 / \
         1m receipt no_2 undelivered / 1m sent no_3 / 2m tick / 3m tick",
        "
        0m CatalogueAdopted 2
        0m AlertFired al_1 page feature:light-on
        0m IncidentOpened in_1
        0m PageOpened pg_1 payments
        0m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 5m
        0m NoticeSent no_1
        0m NoticeSent no_2
        1m NoticeUndelivered no_2 Undelivered (status undelivered of (address))
        1m PageNotifiedAlso pg_1 step 0 (no_2 not reached) ana sms through another
        1m NoticeSent no_3
        3m NoticeUndelivered no_3 Missing (no receipt within 1m 30s)
        3m PageNotified pg_1 step 1 (NoEvidence) ana email, ana sms, bo sms until 13m
        ",
    );
}

#[test]
fn a_missing_receipt_counts_only_where_receipts_are_known_to_come() {
    check_called(
        "0m burn light-on / 0m sent no_1 / 0m sent no_2 / 4m tick",
        "
        0m NoticeSent no_1
        0m NoticeSent no_2
        ",
    );
    // Once the gateway has given one, its silence means something.
    check_called(
        "0m burn light-on / 0m sent no_1 / 0m sent no_2 / 1m receipt no_2 delivered / 5m tick / \
         5m sent no_4 / 7m tick",
        "
        0m NoticeSent no_1
        0m NoticeSent no_2
        1m NoticeDelivered no_2 Delivered (status delivered of (address))
        5m PageNotified pg_1 step 1 (NobodyAnswered) ana email, ana sms, bo sms until 15m
        5m NoticeSent no_4
        7m NoticeUndelivered no_4 Missing (no receipt within 1m 30s)
        ",
    );
}

#[test]
fn a_weaker_word_takes_nothing_back_and_repetition_is_silent() {
    check_called(
        "0m burn light-on / 0m sent no_2 / 0m receipt no_2 accepted / 1m receipt no_2 read / \
         1m receipt no_2 delivered / 1m receipt no_2 undelivered / 1m receipt no_2 read / \
         2m receipt no_9 read / 2m receipt no_1 missing",
        "
        0m NoticeSent no_2
        1m NoticeDelivered no_2 Read (status read of (address))
        ",
    );
}

#[test]
fn a_receipt_may_come_before_the_answer_of_the_provider() {
    // It timed out after sending: the receipt tells, and it is not sent again.
    check_called(
        "0m burn light-on / 0m busy no_2 / 0m receipt no_2 delivered / 1m sent no_2 / 1m busy no_2",
        "
        0m NoticeFailed no_2 again in 10s
        0m NoticeDelivered no_2 Delivered (status delivered of (address))
        ",
    );
}

#[test]
fn after_an_acknowledgement_no_evidence_matters() {
    check(
        "0m with second-provider receipts / 0m burn light-on / 0m sent no_2 / 1m ack pg_1 ana / \
         2m receipt no_2 undelivered / 9m tick",
        "
        0m CatalogueAdopted 2
        0m AlertFired al_1 page feature:light-on
        0m IncidentOpened in_1
        0m PageOpened pg_1 payments
        0m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 5m
        0m NoticeSent no_2
        1m PageAcknowledged pg_1 ana
        2m NoticeUndelivered no_2 Undelivered (status undelivered of (address))
        ",
    );
}

#[test]
fn a_persons_rules_delay_and_an_acknowledgement_cancels() {
    check(
        "0m with rules / 0m burn light-on / 0m sent no_1 / 1m ack pg_1 ana / 3m busy no_2",
        "
        0m CatalogueAdopted 2
        0m AlertFired al_1 page feature:light-on
        0m IncidentOpened in_1
        0m PageOpened pg_1 payments
        0m PageNotified pg_1 step 0 (Opened) ana email, ana sms at 2m until 5m
        0m NoticeSent no_1
        1m PageAcknowledged pg_1 ana
        3m NoticeFailed no_2 given up
        ",
    );
    // What fails first brings the next forward.
    check(
        "0m with rules / 0m burn light-on / 1m receipt no_1 bounced",
        "
        0m CatalogueAdopted 2
        0m AlertFired al_1 page feature:light-on
        0m IncidentOpened in_1
        0m PageOpened pg_1 payments
        0m PageNotified pg_1 step 0 (Opened) ana email, ana sms at 2m until 5m
        1m NoticeUndelivered no_1 Bounced (status bounced of (address))
        1m PageNotifiedAlso pg_1 step 0 (no_1 not reached) again no_2
        ",
    );
}

#[test]
fn rules_that_reach_nobody_are_set_aside() {
    check(
        "0m with dead-rules / 0m burn light-on",
        "
        0m CatalogueAdopted 2
        0m AlertFired al_1 page feature:light-on
        0m IncidentOpened in_1
        0m PageOpened pg_1 payments
        0m PageNotified pg_1 step 0 (Opened) ana email, ana sms skipped ana skipped ana until 5m
        ",
    );
}

#[test]
fn a_page_nobody_had_a_message_of_is_never_given_up() {
    check(
        "0m burn light-on / 0m lost no_1 / 0m lost no_2 / 1m lost no_3 / 1m lost no_4 / \
         1m lost no_5 / 4m tick / 5m tick / 6m lost no_5 / 7m lost no_4 / 7m lost no_3 / \
         9m tick / 10m tick / 12m sent no_5 / 12m lost no_4 / 12m lost no_3 / 60m tick",
        "
        0m AlertFired al_1 page feature:light-on
        0m IncidentOpened in_1
        0m PageOpened pg_1 payments
        0m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 5m
        0m NoticeFailed no_1 given up
        0m NoticeFailed no_2 given up
        0m PageNotified pg_1 step 1 (Undeliverable) ana email, ana sms, bo sms until 10m
        1m NoticeFailed no_3 given up
        1m NoticeFailed no_4 given up
        1m NoticeFailed no_5 given up
        1m PageExhausted pg_1
        5m PageNotifiedAlso pg_1 step 1 (NobodyReached) again no_5 again no_4 again no_3
        6m NoticeFailed no_5 given up
        7m NoticeFailed no_4 given up
        7m NoticeFailed no_3 given up
        10m PageNotifiedAlso pg_1 step 1 (NobodyReached) again no_5 again no_4 again no_3
        12m NoticeSent no_5
        12m NoticeFailed no_4 given up
        12m NoticeFailed no_3 given up
        ",
    );
}

#[test]
fn whoever_came_on_duty_before_anybody_was_reached_is_called_too() {
    // The shift of ana lasts until 09:00 in San Francisco, which is 17:00 UTC.
    check(
        "0m with long / 410m burn light-on / 419m tick / 420m tick / 500m tick",
        "
        0m CatalogueAdopted 2
        410m AlertFired al_1 page feature:light-on
        410m IncidentOpened in_1
        410m PageOpened pg_1 payments
        410m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 12410m
        420m PageNotifiedAlso pg_1 step 0 (ShiftChanged) bo sms through text
        ",
    );
    check(
        "0m with long / 410m burn light-on / 411m sent no_2 / 420m tick / 500m tick",
        "
        0m CatalogueAdopted 2
        410m AlertFired al_1 page feature:light-on
        410m IncidentOpened in_1
        410m PageOpened pg_1 payments
        410m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 12410m
        411m NoticeSent no_2
        ",
    );
}

#[test]
fn addresses_are_verified_by_a_code_and_changed_ones_are_not() {
    check(
        "0m verify ana sms right / 0m verify ana sms right / 1m code ana sms wrong / \
         1m code ana sms right / 2m verify ana sms right / 2m code ana sms right / \
         3m with new-number / 3m verify ana sms second / 14m code ana sms second / \
         15m verify bo email x / 15m verify zoe sms x",
        "
        0m VerificationAsked ana sms through text
        0m refused: a message went out a moment ago; try again in 1m
        1m VerificationFailed ana 4 left
        1m ContactVerified ana sms
        2m refused: this SMS address is verified already
        2m refused: no code for this SMS address is open: codes are good for 10m and 5 tries; ask for a new one
        3m CatalogueAdopted 2
        3m VerificationAsked ana sms through text
        14m refused: no code for this SMS address is open: codes are good for 10m and 5 tries; ask for a new one
        15m refused: bo has no address for e-mail in the configuration
        15m refused: there is no person `zoe` here; it may be closed and archived
        ",
    );
}

#[test]
fn a_code_may_be_guessed_five_times() {
    let wrong = " / 1m code ana sms wrong".repeat(6);
    check(
        &format!("0m verify ana sms right{wrong} / 1m code ana sms right"),
        "
        0m VerificationAsked ana sms through text
        1m VerificationFailed ana 4 left
        1m VerificationFailed ana 3 left
        1m VerificationFailed ana 2 left
        1m VerificationFailed ana 1 left
        1m VerificationFailed ana 0 left
        1m refused: no code for this SMS address is open: codes are good for 10m and 5 tries; ask for a new one
        1m refused: no code for this SMS address is open: codes are good for 10m and 5 tries; ask for a new one
        ",
    );
}

#[test]
fn a_test_goes_everywhere_at_once_but_not_too_often() {
    check(
        "0m test ana / 0m test ana / 1m test cy",
        "
        0m ContactsTested ana email through mail ana sms through text
        0m refused: a message went out a moment ago; try again in 1m
        1m refused: cy cannot be reached: has no address to send to
        ",
    );
}

#[test]
fn whoever_comes_on_duty_confirms_or_the_others_are_told() {
    check(
        "0m with confirm / 419m tick / 420m tick / 430m on-duty bo / 431m on-duty bo / \
         432m on-duty ana / 10499m tick / 10500m tick / 10515m tick / 10530m tick / 10600m tick",
        "
        0m CatalogueAdopted 2
        0m ShiftExpected payments 420m
        420m DutyAsked 1 payments 420m to 10500m by 435m: bo sms through text
        430m DutyConfirmed 1 bo
        432m refused: nobody asked ana to confirm a shift
        10499m DigestDue to 1
        10500m DutyAsked 2 payments 10500m to 20580m by 10515m: ana email through mail ana sms through text
        10515m DutyReminded 2 by 10530m: ana email through mail ana sms through text
        10530m DutyUnconfirmed 2: bo sms through text
        ",
    );
}

/// Goal: of several on a shift everybody is asked, and one who answers does not answer for the others.
#[test]
fn everybody_on_a_shift_of_several_confirms() {
    check(
        "0m with confirm / 1m override ana payments 420m 600m add ana / 420m tick / 430m on-duty bo \
         / 435m tick / 450m tick / 451m on-duty ana / 600m tick",
        "
        0m CatalogueAdopted 2
        0m ShiftExpected payments 420m
        1m OverrideSet ov_1 add ana 420m to 600m
        420m DutyAsked 1 payments 420m to 600m by 435m: bo sms through text
        420m DutyAsked 2 payments 420m to 600m by 435m: ana email through mail ana sms through text
        430m DutyConfirmed 1 bo
        435m DutyReminded 2 by 450m: ana email through mail ana sms through text
        450m DutyUnconfirmed 2: bo sms through text
        451m DutyConfirmed 2 ana
        600m DutyAsked 3 payments 600m to 10500m by 615m: bo sms through text
        ",
    );
}

#[test]
fn what_is_told_in_one_message_is_marked_by_it() {
    check_called(
        "0m burn light-on / 3m covered no_2 by no_1 / 3m covered no_2 by no_1 / \
         3m covered no_1 by no_1 / 3m busy no_2",
        "
        3m NoticeCovered no_2 by no_1
        ",
    );
}

/// Whatever the order and however often they are repeated, the same words leave the same knowledge.
#[test]
fn receipts_in_any_order_leave_the_same_knowledge() {
    use crate::ReceiptEvidence;
    use rand::seq::SliceRandom as _;
    use rand::{RngExt as _, SeedableRng as _};
    let words =
        ["accepted", "missing", "undelivered", "unanswered", "bounced", "delivered", "read"];
    for seed in 0..500_u64 {
        let mut random = rand_pcg::Pcg64Mcg::seed_from_u64(seed);
        let count = random.random_range(1..10);
        let mut said: Vec<ReceiptEvidence> =
            (0..count).map(|_| evidence(words[random.random_range(0..words.len())])).collect();
        let first = super::world::known_after(&said);
        let strongest = said.iter().copied().filter(|it| *it > ReceiptEvidence::Missing).max();
        assert_eq!(first, strongest, "seed {seed}: {said:?}");
        said.shuffle(&mut random);
        said.push(said[0]);
        assert_eq!(super::world::known_after(&said), first, "seed {seed}: {said:?}");
    }
}
