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
         / 9m swap bo payments 10m ana / 9m swap ana payments 10m ana / 9m swap ana payments 10m bo 20m",
        "
        9m refused: it is over before it begins
        9m refused: an override lasts three months at most; change the rota instead
        9m refused: there is no rota `nothing` here; it may be closed and archived
        9m refused: there is no person `who` here; it may be closed and archived
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
        1m SwapAsked sw_1 ana asks bo 1m to 420m in exchange for 420m to 10500m
        2m AlertFired al_1 page feature:light-on
        2m IncidentOpened in_1
        2m PageOpened pg_1 payments
        2m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 7m
        3m refused: swap sw_1 is for bo to answer
        3m refused: swap sw_1 is for bo to answer
        4m SwapAnswered sw_1 Accepted by bo
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
        1m SwapAsked sw_1 ana asks bo 1m to 420m
        2m SwapAnswered sw_1 Accepted by cy
        2m OverrideSet ov_1 by sw_1 bo for ana 1m to 420m
        3m SwapAsked sw_2 bo asks ana 3m to 420m
        4m SwapAnswered sw_2 Declined by bo
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
        1m SwapAsked sw_1 ana asks bo 1m to 420m
        2m OverrideSet ov_1 cy for ana 2m to 60m
        3m refused: these shifts have changed since; ask again
        421m refused: swap `sw_1` is already over
        ",
    );
}
