//! Overrides and swaps. Ana has the week that ends 420 minutes after the start, bo the one after.

use super::world::check;

#[test]
fn an_override_decides_whom_a_page_calls() {
    check(
        "0m override ana payments 0m 60m bo for ana / 1m burn light-on",
        "
        0m OverrideSet ov_1 bo for ana 0m to 60m
        1m AlertFired al_1 page feature:light-on
        1m IncidentOpened in_1
        1m PageOpened pg_1 payments
        1m PageNotified pg_1 step 0 (Opened) bo sms until 6m
        ",
    );
}

/// Goal: a rota from which everybody was removed calls the team: an empty rota must wake somebody.
#[test]
fn a_rota_of_nobody_calls_the_team() {
    check(
        "0m override ana payments 0m 60m remove ana / 1m burn light-on",
        "
        0m OverrideSet ov_1 remove ana 0m to 60m
        0m DutyThin 1 payments: [nobody is on duty 0m to 60m] telling ana email, ana sms, bo sms
        1m AlertFired al_1 page feature:light-on
        1m IncidentOpened in_1
        1m PageOpened pg_1 payments
        1m PageNotified pg_1 step 0 (Opened) ana email, ana sms, bo sms until 6m
        ",
    );
}

#[test]
fn an_override_is_taken_back_and_the_past_stays() {
    check(
        "5m override ana payments 0m 60m add bo / 9m end-override ov_1 bo / 10m end-override ov_1 bo \
         / 10m end-override ov_2 bo / 11m burn light-on",
        "
        5m OverrideSet ov_1 add bo 5m to 60m
        9m OverrideEnded ov_1 by bo
        10m refused: override `ov_1` is already over
        10m refused: there is no override `ov_2` here; it may be closed and archived
        11m AlertFired al_1 page feature:light-on
        11m IncidentOpened in_1
        11m PageOpened pg_1 payments
        11m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 16m
        ",
    );
}

#[test]
fn what_makes_no_sense_is_refused() {
    check(
        "9m override ana payments 0m 9m add bo / 9m override ana payments 0m 100d add bo \
         / 9m override ana nothing 0m 10m add bo / 9m override ana payments 0m 10m add who \
         / 9m override ana payments 0m 60m bo for bo / 9m swap bo payments 10m ana / 9m swap ana payments 10m ana / 9m swap ana payments 10m bo 20m",
        "
        9m refused: it is over before it begins
        9m refused: an override lasts three months at most; change the rota instead
        9m refused: there is no rota `nothing` here; it may be closed and archived
        9m refused: there is no person `who` here; it may be closed and archived
        9m refused: bo cannot have their own duty instead of themselves
        9m refused: bo is not on duty in payments at 2026-11-23T10:10:00Z
        9m refused: ana has this shift already
        9m refused: bo has no shift to come in payments at 2026-11-23T10:20:00Z
        ",
    );
}

/// Goal: nothing changes until the other side accepts; then both shifts change at once.
#[test]
fn a_swap_changes_nothing_until_it_is_accepted() {
    check(
        "1m swap ana payments 10m bo 2d / 2m burn light-on / 3m accept sw_1 ana / 3m accept sw_1 cy \
         / 4m accept sw_1 bo / 5m accept sw_1 bo / 7m tick",
        "
        1m SwapAsked sw_1 ana asks bo 1m to 420m in exchange for 420m to 10500m telling bo sms
        2m AlertFired al_1 page feature:light-on
        2m IncidentOpened in_1
        2m PageOpened pg_1 payments
        2m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 7m
        3m refused: swap sw_1 is for bo to answer
        3m refused: swap sw_1 is for bo to answer
        4m SwapAnswered sw_1 Accepted by bo telling ana email, ana sms
        4m OverrideSet ov_1 by sw_1 bo for ana 1m to 420m
        4m OverrideSet ov_2 by sw_1 ana for bo 420m to 10500m
        5m refused: swap `sw_1` is already over
        7m PageNotified pg_1 step 1 (NobodyAnswered) ana email, ana sms, bo sms until 17m
        ",
    );
}

#[test]
fn a_lead_does_it_for_them_and_whoever_asked_takes_it_back() {
    check(
        "0m admin cy / 1m swap cy payments 10m bo / 2m accept sw_1 cy / 3m swap bo payments 10m ana \
         / 4m decline sw_2 bo / 5m decline sw_2 ana",
        "
        0m PasswordSet cy
        1m SwapAsked sw_1 ana asks bo 1m to 420m telling bo sms
        2m SwapAnswered sw_1 Accepted by cy telling ana email, ana sms, bo sms
        2m OverrideSet ov_1 by sw_1 bo for ana 1m to 420m
        3m SwapAsked sw_2 bo asks ana 3m to 420m telling ana email, ana sms
        4m SwapAnswered sw_2 Declined by bo telling ana email, ana sms
        5m refused: swap `sw_2` is already over
        ",
    );
}

/// Goal: a swap of shifts that were changed since is refused, and one that is too late.
#[test]
fn a_swap_that_no_longer_fits_is_refused() {
    check(
        "1m swap ana payments 10m bo / 2m override ana payments 2m 60m cy for ana / 3m accept sw_1 bo \
         / 421m accept sw_1 bo",
        "
        1m SwapAsked sw_1 ana asks bo 1m to 420m telling bo sms
        2m OverrideSet ov_1 cy for ana 2m to 60m
        3m refused: these shifts have changed since; ask again
        421m refused: swap `sw_1` is already over
        ",
    );
}

/// Goal: whoever is asked hears of it, and whoever asked hears the answer.
#[test]
fn swaps_are_told_to_the_other_side() {
    check(
        "1m swap ana payments 10m bo / 2m decline sw_1 bo / 3m swap ana payments 10m bo / 3m accept sw_2 bo",
        "
        1m SwapAsked sw_1 ana asks bo 1m to 420m telling bo sms
        2m SwapAnswered sw_1 Declined by bo telling ana email, ana sms
        3m SwapAsked sw_2 ana asks bo 3m to 420m telling bo sms
        3m SwapAnswered sw_2 Accepted by bo telling ana email, ana sms
        3m OverrideSet ov_1 by sw_2 bo for ana 3m to 420m
        ",
    );
}

/// Goal: a gap in the week to come is told once to whoever owns the rota, and that it is mended as well.
#[test]
fn what_is_thin_is_told_ahead_once() {
    check(
        "1m override ana payments 100m 400m remove ana / 2m override ana payments 100m 200m remove bo \
         / 3m end-override ov_1 bo / 4m override ana payments 100m 400m remove ana",
        "
        1m OverrideSet ov_1 remove ana 100m to 400m
        1m DutyThin 1 payments: [nobody is on duty 100m to 400m] telling ana email, ana sms, bo sms
        2m OverrideSet ov_2 remove bo 100m to 200m
        3m OverrideEnded ov_1 by bo
        3m DutyThin 2 payments: []
        4m OverrideSet ov_3 remove ana 100m to 400m
        4m DutyThin 3 payments: [nobody is on duty 100m to 400m] telling ana email, ana sms, bo sms
        ",
    );
}

/// Goal: leave that the configuration brings is found when it is adopted, not on the night.
#[test]
fn leave_is_found_when_it_becomes_known() {
    check(
        "1m with leave / 2m with leave confirm",
        "
        1m CatalogueAdopted 2
        1m DutyThin 1 payments: [ana is on duty and on leave 60m to 120m] telling ana email, ana sms, bo sms
        2m CatalogueAdopted 3
        2m ShiftExpected payments 420m
        ",
    );
}

/// Goal: a proposal is what it would change, changes nothing until it is published, and then all at once.
#[test]
fn a_roster_is_published_whole_or_not_at_all() {
    check(
        "0m admin cy / 1m propose ana payments 10m 420m bo+cy 420m 500m ana 500m 600m bo \
         / 2m publish ro_1 ana / 2m publish ro_9 cy / 3m publish ro_1 cy / 4m publish ro_1 cy",
        "
        0m PasswordSet cy
        1m RosterProposed ro_1 payments by ana: [10m to 420m bo+cy for ana; 420m to 500m ana for bo]
        2m refused: roster ro_1 is for the owner of payments to publish
        2m refused: there is no roster `ro_9` here; it may be closed and archived
        3m RosterAnswered ro_1 published by cy telling ana email, ana sms, bo sms
        3m OverrideSet ov_1 bo for ana 10m to 420m
        3m OverrideSet ov_2 add cy 10m to 420m
        3m OverrideSet ov_3 ana for bo 420m to 500m
        4m refused: roster `ro_1` is already over
        ",
    );
}

#[test]
fn a_roster_that_no_longer_fits_is_refused() {
    check(
        "0m admin cy / 1m propose ana payments 10m 420m bo / 2m override ana payments 20m 30m cy for ana \
         / 3m publish ro_1 cy / 4m put-aside ro_1 bo / 4m put-aside ro_1 ana \
         / 5m propose ana payments 10m 420m who / 5m propose ana payments 4m 420m bo \
         / 5m propose ana payments 40m 420m ana / 5m propose ana nothing 40m 420m bo",
        "
        0m PasswordSet cy
        1m RosterProposed ro_1 payments by ana: [10m to 420m bo for ana]
        2m OverrideSet ov_1 cy for ana 20m to 30m
        3m refused: shifts have begun or changed hands since; propose again
        4m refused: roster ro_1 is for the owner of payments to publish
        4m RosterAnswered ro_1 put aside by ana
        5m refused: there is no person `who` here; it may be closed and archived
        5m refused: shifts come one after the other, and none is over or has begun
        5m refused: this roster changes nothing
        5m refused: there is no rota `nothing` here; it may be closed and archived
        ",
    );
}
