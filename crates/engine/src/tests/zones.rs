//! The rules of a time zone change under a running organisation: what was recorded stays.

use super::world::check;

/// Goal: bo comes on duty at nine in the morning and is asked under the rules of today. Then a release comes
/// in which summer time lasts until December: by it the shift began an hour earlier, and the next begins at
/// 10440m and not at 10500m. What was recorded stays word by word, and replay under the other rules gives
/// the same state (`check` sees to that); bo, who knows of this shift, is not asked again at 440m; the
/// override stays at its instants.
#[test]
fn recorded_shifts_stay_under_a_later_release() {
    check(
        "0m with confirm / 5m override ana payments 500m 600m add ana / 420m tick / 430m on-duty bo \
         / 431m older-zones / 432m restart / 440m tick / 500m tick / 600m tick / 10440m tick",
        "
        0m CatalogueAdopted 2
        0m ShiftExpected payments 420m
        5m OverrideSet ov_1 add ana 500m to 600m
        420m DutyAsked 1 payments 420m to 500m by 435m: bo sms through text
        430m DutyConfirmed 1 bo
        500m DutyAsked 2 payments 500m to 600m by 515m: bo sms through text
        500m DutyAsked 3 payments 500m to 600m by 515m: ana email through mail ana sms through text
        600m DutyAsked 4 payments 600m to 10440m by 615m: bo sms through text
        10440m DutyAsked 5 payments 10440m to 20580m by 10455m: ana email through mail ana sms through text
        10440m DigestDue to 1
        ",
    );
}
