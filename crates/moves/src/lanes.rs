//! Several people on duty at once, from rotations that stand side by side.
//!
//! Intuition: other pagers add up what their rotations say; here the highest layer that speaks decides. So
//! rotations that never speak at the same time share a rota, as lanes of a road share the asphalt, and each
//! that would collide gets a rota of its own. Whoever is called through the schedule is called through all
//! of its rotas.
//!
//! Complications: of levels, the higher hides the lower. A level with one lane stands in every rota, so that
//! it hides in each. Below a level with several lanes nothing can be hidden exactly: that is reported.
//!
//! Invariant: in one rota no two groups of one level speak at the same time within [`AHEAD`].

use crate::desk::Desk;
use crate::draft::DraftRota;
use crate::json::At;
use model::{Layer, Millis, Rota, RotaId, RotaRules, Timestamp};
use std::collections::BTreeMap;

/// How far ahead collisions are looked for: a year and some weeks, so that every week of it is in.
const AHEAD: Millis = Millis::from_days(400);

/// What one rotation of theirs became.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    /// A higher level hides a lower one.
    pub(crate) level: i64,
    pub(crate) title: String,
    pub(crate) layers: Vec<Layer>,
}

impl Group {
    fn named(&self) -> impl Iterator<Item = (String, Layer)> + '_ {
        self.layers.iter().map(|it| (self.title.clone(), it.clone()))
    }
}

type Times = Vec<(Timestamp, Timestamp)>;

/// Makes the rotas of a schedule; the groups of one level are all on duty together.
pub(crate) fn add(
    at: &At<'_>,
    foreign: &str,
    title: &str,
    timezone: &str,
    groups: Vec<Group>,
    desk: &mut Desk<'_>,
) -> Vec<RotaId> {
    let mut levels: BTreeMap<i64, Vec<(Vec<Group>, Times)>> = BTreeMap::new();
    for group in groups {
        let times = times(&group, timezone, desk);
        let lanes = levels.entry(group.level).or_default();
        match lanes.iter_mut().find(|lane| !collide(&lane.1, &times)) {
            Some(lane) => {
                lane.0.push(group);
                lane.1.extend(times);
                lane.1.sort_unstable();
            }
            None => lanes.push((vec![group], times)),
        }
    }
    let count = levels.values().map(Vec::len).max().unwrap_or(0);
    let lowest = levels.keys().next().copied();
    if levels.iter().any(|(level, lanes)| lanes.len() > 1 && Some(*level) != lowest) {
        let why = "several people are on duty together on a level above another: where one of them is off and \
                   another on, the lower level shows through in one of the rotas; compare before you rely on it";
        desk.lost(at, title, why);
    }
    let mut made = vec![];
    for place in 0..count {
        let mut layers = vec![];
        for (level, lanes) in &levels {
            let lane = match lanes.as_slice() {
                // Below, it would be on duty twice; above, it must hide what is below.
                [only] if place == 0 || Some(*level) != lowest => Some(only),
                [_] => None,
                several => several.get(place),
            };
            layers.extend(lane.into_iter().flat_map(|it| &it.0).flat_map(Group::named));
        }
        let name = if place == 0 { title.to_owned() } else { format!("{title} {}", place + 1) };
        let rota = DraftRota { title: name, timezone: timezone.to_owned(), layers };
        made.push(desk.add_rota(foreign, rota));
    }
    if count > 1 {
        let why = format!(
            "up to {count} people are on duty at once: it becomes {count} rotas, and whoever \
                           called the schedule calls all of them"
        );
        desk.noted(at, title, why);
    }
    made
}

/// The times ahead in which a group speaks, in order.
fn times(group: &Group, timezone: &str, desk: &Desk<'_>) -> Times {
    let rota = Rota {
        timezone: timezone.to_owned(),
        layers: group.layers.clone(),
        confirm: None,
        load: None,
        rules: RotaRules::default(),
    };
    let shifts = oncall::shifts(&rota, desk.now, desk.now.plus(AHEAD), desk.zones);
    shifts.iter().filter(|it| !it.is_gap()).map(|it| (it.starts, it.ends)).collect()
}

/// Whether two lists of times, each in order, have an instant in common.
fn collide(a: &[(Timestamp, Timestamp)], b: &[(Timestamp, Timestamp)]) -> bool {
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    while let (Some(first), Some(second)) = (a.peek(), b.peek()) {
        if first.0 < second.1 && second.0 < first.1 {
            return true;
        }
        if first.1 <= second.1 {
            a.next();
        } else {
            b.next();
        }
    }
    false
}
