//! The budget over its window: how much was left when, and what happened then.
//!
//! Intuition: a candle photographed every hour. Where nothing is known the line is dashed, because nobody
//! looked; where an exclusion lies the ground is shaded, because what burned there does not count. Incidents
//! and changes stand on the line as numbers; beneath, each number is a link.
//!
//! Invariants:
//! - the last point is the share of the budget that is left now, as shown above it;
//! - nobody needs to see the picture: its words say the same.

use crate::Context;
use crate::by_time::{self, Happened};
use crate::show::{self, Clockface};
use maud::{Markup, html};
use model::{FeatureId, PersonId, Timestamp};
use slo::{Board, WindowCounts};
use std::fmt::Write as _;

const WIDTH: f64 = 360.0;
const HEIGHT: f64 = 120.0;
/// Above the line stand the numbers.
const TOP: f64 = 16.0;
/// Points of the line at most; more than a telephone has room for.
const POINTS_MAX: usize = 224;

/// One stretch of the line.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Point {
    /// Its first minute.
    minute: i64,
    /// Share of the budget that is left at its end; below 0 is overspent.
    left: f64,
    known: bool,
    excluded: bool,
}

/// A budget over its window.
pub(crate) struct Burndown {
    points: Vec<Point>,
    start: i64,
    /// Where the window ends: later than now where it follows the calendar.
    end: i64,
    unknown_hours: usize,
    /// The first minute of the hour that cost most, and how much of the budget.
    steepest: Option<(i64, f64)>,
}

impl Burndown {
    pub(crate) fn of(board: &Board, feature: &FeatureId, end_minute: i64) -> Option<Self> {
        let assessment = board.assess_feature(feature, end_minute)?;
        let span = board.span(feature, end_minute)?;
        let start = end_minute + 1 - span.passed.whole_mins();
        let hours = (end_minute.div_euclid(60) - start.div_euclid(60) + 1).max(1);
        let hours = u32::try_from(hours).unwrap_or(u32::MAX);
        let counted = board.counted_hours(feature, end_minute, hours);
        let allowed = assessment.budget.allowed_bad;
        let mask = board.mask(feature);
        let excluded = |hour: i64| {
            mask.is_some_and(|it| (0..60).step_by(5).any(|at| it.at(hour + at).is_some()))
        };
        let mut it = Self::drawn(&counted, allowed, &excluded);
        (it.start, it.end) = (start, start + span.window.whole_mins());
        Some(it)
    }

    #[expect(clippy::cast_precision_loss, reason = "a picture needs no exact counts")]
    fn drawn(hours: &[(i64, WindowCounts)], allowed: f64, excluded: &dyn Fn(i64) -> bool) -> Self {
        let (mut bad, mut points, mut steepest) = (0_u64, vec![], None::<(i64, f64)>);
        let share = |bad: u64| if allowed > 0.0 { bad as f64 / allowed } else { 0.0 };
        for group in hours.chunks(hours.len().div_ceil(POINTS_MAX).max(1)) {
            for (hour, it) in group {
                bad += it.bad;
                if it.bad > 0 && steepest.is_none_or(|(_, most)| share(it.bad) > most) {
                    steepest = Some((*hour, share(it.bad)));
                }
            }
            points.push(Point {
                minute: group[0].0,
                left: 1.0 - share(bad),
                known: group.iter().any(|(_, it)| it.known_minutes > 0),
                excluded: group.iter().any(|(hour, _)| excluded(*hour)),
            });
        }
        let unknown_hours = hours.iter().filter(|(_, it)| it.known_minutes == 0).count();
        let start = hours.first().map_or(0, |it| it.0);
        let end = hours.last().map_or(1, |it| it.0 + 60);
        Self { points, start, end, unknown_hours, steepest }
    }

    #[expect(clippy::cast_precision_loss, reason = "a picture needs no exact minutes")]
    fn x(&self, minute: i64) -> f64 {
        let length = (self.end - self.start).max(1) as f64;
        (((minute - self.start) as f64) / length).clamp(0.0, 1.0) * WIDTH
    }

    fn y(left: f64) -> f64 {
        TOP + (1.0 - left.clamp(0.0, 1.0)) * (HEIGHT - TOP)
    }

    /// Two paths, of what is known and of what is not, and the shaded stretches.
    fn paths(&self) -> (String, String, Vec<(f64, f64)>) {
        let (mut known, mut unknown, mut shaded) = (String::new(), String::new(), vec![]);
        let (mut x, mut y) = (0.0, Self::y(1.0));
        let mut drawn = None;
        for (place, it) in self.points.iter().enumerate() {
            let next = self.points.get(place + 1).map_or(self.end, |it| it.minute);
            // The line ends now, also where the window goes on.
            let to_x = self.x(next.min(it.minute + self.step()));
            let to_y = Self::y(it.left);
            let path = if it.known { &mut known } else { &mut unknown };
            if drawn != Some(it.known) {
                let _ = write!(path, "M{x:.1} {y:.1}");
            }
            let _ = write!(path, "L{to_x:.1} {to_y:.1}");
            if it.excluded {
                shaded.push((x, to_x - x));
            }
            (x, y, drawn) = (to_x, to_y, Some(it.known));
        }
        (known, unknown, shaded)
    }

    fn step(&self) -> i64 {
        match &self.points[..] {
            [first, second, ..] => second.minute - first.minute,
            _ => 60,
        }
    }

    fn left_at(&self, minute: i64) -> f64 {
        let before = self.points.iter().take_while(|it| it.minute <= minute);
        before.last().map_or(1.0, |it| it.left)
    }

    /// The picture in words.
    fn words(&self, face: &Clockface) -> String {
        let time = |minute| face.words(Timestamp::from_minute(minute));
        let half = self.points.get(self.points.len() / 2);
        let last = self.points.last().map_or(1.0, |it| it.left);
        let mut text = format!("Budget left over the window since {}: 100%", time(self.start));
        if let Some(half) = half {
            let _ = write!(text, ", {} on {}", share(half.left), time(half.minute));
        }
        let _ = write!(text, ", {} now.", share(last));
        if let Some((hour, cost)) = self.steepest {
            let _ =
                write!(text, " The dearest hour began {} and took {}.", time(hour), share(cost));
        }
        if self.unknown_hours > 0 {
            let _ = write!(text, " {} hours are unknown.", self.unknown_hours);
        }
        text
    }
}

fn share(left: f64) -> String {
    if left < 0.0 { format!("{} overspent", show::percent(-left)) } else { show::percent(left) }
}

/// The section of the view.
pub(crate) fn section(
    context: &Context,
    reader: &PersonId,
    id: &FeatureId,
    found: Option<&Burndown>,
    happened: &[Happened],
) -> Markup {
    let Some(it) = found else { return html! {} };
    let face = Clockface::of(context, Some(reader));
    let words = it.words(&face);
    html! {
        h2 id="burndown" { "The budget over its window" }
        (picture(it, happened, &words))
        p.soft { (words) " Dashed: unknown. Shaded: excluded. "
            a href={ "/features/" (id) "/slices" } { "The counts behind it" } }
        (by_time::list(context, reader, happened))
    }
}

fn picture(it: &Burndown, happened: &[Happened], words: &str) -> Markup {
    let (known, unknown, shaded) = it.paths();
    let view = format!("0 0 {WIDTH} {HEIGHT}");
    html! {
        svg.burn viewBox=(view) role="img" aria-label=(words) {
            @for (x, width) in &shaded {
                rect.x x=(format!("{x:.1}")) y=(TOP) width=(format!("{width:.1}")) height=(HEIGHT - TOP) {}
            }
            path.a d={ "M0 " (TOP) "H" (WIDTH) "M0 " (HEIGHT - 0.5) "H" (WIDTH) } {}
            @if !known.is_empty() { path.k d=(known) {} }
            @if !unknown.is_empty() { path.n d=(unknown) {} }
            @for (place, one) in happened.iter().enumerate() {
                @let minute = one.from;
                @let (x, y) = (it.x(minute), Burndown::y(it.left_at(minute)));
                circle cx=(format!("{x:.1}")) cy=(format!("{y:.1}")) r="2.5" class=(one.class()) {}
                text x=(format!("{:.1}", x.clamp(4.0, WIDTH - 8.0))) y=(format!("{:.1}", if place % 2 == 0 { 8.0 } else { 15.0 })) text-anchor="middle" { (place + 1) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(hour: i64, bad: u64, known: bool) -> (i64, WindowCounts) {
        let known_minutes = if known { 60 } else { 0 };
        (hour * 60, WindowCounts { bad, total: 1_000, known_minutes, minutes: 60 })
    }

    /// Goal: the line falls by what failed and ends at what is left; the unknown hour is dashed, the excluded
    /// one shaded.
    #[test]
    fn the_candle_burns_down() {
        let hours = [hour(0, 0, true), hour(1, 25, true), hour(2, 0, false), hour(3, 50, true)];
        let mut it = Burndown::drawn(&hours, 100.0, &|hour| hour == 60);
        let left: Vec<f64> = it.points.iter().map(|it| it.left).collect();
        assert_eq!(left, [1.0, 0.75, 0.75, 0.25]);
        assert_eq!((it.unknown_hours, it.steepest), (1, Some((180, 0.5))));
        let (known, unknown, shaded) = it.paths();
        assert_eq!(known, "M0.0 16.0L90.0 16.0L180.0 42.0M270.0 42.0L360.0 94.0");
        assert_eq!(unknown, "M180.0 42.0L270.0 42.0");
        assert_eq!(shaded, [(90.0, 90.0)]);
        // A month of which only four hours have passed.
        it.end = 4 * 60 * 10;
        assert!(it.paths().0.ends_with("L36.0 94.0"), "{:?}", it.paths());
    }

    #[test]
    fn a_long_window_fits_a_telephone() {
        let hours: Vec<_> = (0..90 * 24).map(|at| hour(at, 1, true)).collect();
        let it = Burndown::drawn(&hours, 5_000.0, &|_| false);
        assert!(it.points.len() <= POINTS_MAX);
        assert!((it.points.last().unwrap().left - (1.0 - 2_160.0 / 5_000.0)).abs() < 1e-9);
        assert!(it.paths().0.len() < 4_000, "{}", it.paths().0.len());
    }
}
