//! Counts per minute, beside the journal.

use crate::StoreError;

/// Bad and all events of a minute; `None` for a minute that is unknown.
pub type MinuteCounts = Option<(u64, u64)>;

/// Counts per minute and SLI. Writing a minute again replaces it.
pub trait Samples: Send {
    /// Keeps these minutes.
    fn put(&mut self, sli: &str, minutes: &[(i64, MinuteCounts)]) -> Result<(), StoreError>;
    /// The minutes kept in `from..to`, in order; minutes never written are left out.
    fn range(
        &mut self,
        sli: &str,
        from: i64,
        to: i64,
    ) -> Result<Vec<(i64, MinuteCounts)>, StoreError>;
    /// Forgets whole hours before `minute`.
    fn forget_before(&mut self, minute: i64) -> Result<(), StoreError>;
}

/// One hour of minutes as bytes: per minute a tag (0 never written, 1 unknown, 2 known) and, if
/// known, two variable-length numbers. A quiet hour is 60 to 180 bytes.
#[derive(Debug, Clone)]
pub(crate) struct Hour(Vec<Option<MinuteCounts>>);

pub(crate) const MINUTES: i64 = 60;

impl Hour {
    pub(crate) fn empty() -> Self {
        Self(vec![None; 60])
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut hour = Self::empty();
        let mut rest = bytes;
        for minute in &mut hour.0 {
            let (tag, after) = rest.split_first()?;
            rest = after;
            *minute = match tag {
                0 => None,
                1 => Some(None),
                2 => Some(Some((number(&mut rest)?, number(&mut rest)?))),
                _ => return None,
            };
        }
        rest.is_empty().then_some(hour)
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![];
        for minute in &self.0 {
            match minute {
                None => bytes.push(0),
                Some(None) => bytes.push(1),
                Some(Some((bad, total))) => {
                    bytes.push(2);
                    push_number(&mut bytes, *bad);
                    push_number(&mut bytes, *total);
                }
            }
        }
        bytes
    }

    pub(crate) fn set(&mut self, minute: i64, counts: MinuteCounts) {
        let place = usize::try_from(minute.rem_euclid(MINUTES)).expect("0 to 59");
        self.0[place] = Some(counts);
    }

    /// The minutes written, with their numbers, for the hour that starts at minute `first`.
    pub(crate) fn minutes(&self, first: i64) -> impl Iterator<Item = (i64, MinuteCounts)> + '_ {
        (first..).zip(&self.0).filter_map(|(minute, it)| it.map(|counts| (minute, counts)))
    }
}

fn push_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(u8::try_from(number & 0x7f).expect("seven bits") | 0x80);
        number >>= 7;
    }
    bytes.push(u8::try_from(number).expect("seven bits"));
}

fn number(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// Groups minutes by the hour they belong to.
pub(crate) fn by_hour(
    minutes: &[(i64, MinuteCounts)],
) -> std::collections::BTreeMap<i64, Vec<(i64, MinuteCounts)>> {
    let mut hours = std::collections::BTreeMap::<i64, Vec<_>>::new();
    for (minute, counts) in minutes {
        hours.entry(minute.div_euclid(MINUTES)).or_default().push((*minute, *counts));
    }
    hours
}
