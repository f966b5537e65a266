//! The pictures of a report: intervals, what is left without a score, and the tornado, as SVG.
//!
//! Intuition: a picture is a few lines over a scale. Each is 360 units wide, which is a telephone and
//! half a sheet of paper, so that its letters are as large as the text around it.
//!
//! Invariants:
//! - every picture has a title that says in words what it shows, with the numbers;
//! - colour never carries a meaning alone: what is dominated is hollow, what flips is said.

use super::super::show::number;
use ::whatif::compare::{Bar, Comparison};
use ::whatif::measure::{Better, Metric};
use ::whatif::number::count;
use ::whatif::statistics::Estimate;
use maud::{Markup, html};

const WIDTH: f64 = 360.0;
const LEFT: f64 = 112.0;
const RIGHT: f64 = 262.0;
const ROW: f64 = 17.0;
/// Where the largest value is so many times the middle one, the scale is logarithmic.
const WIDE: f64 = 12.0;

/// From values to places.
struct Scale {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
    logarithmic: bool,
}

impl Scale {
    fn place(&self, value: f64) -> f64 {
        let bend = |it: f64| if self.logarithmic { it.max(0.0).ln_1p() } else { it };
        let (low, high) = (bend(self.low), bend(self.high));
        let share = (bend(value) - low) / (high - low).max(1e-12);
        self.from + share.clamp(0.0, 1.0) * (self.to - self.from)
    }

    /// The distance of ticks on a scale that is not logarithmic.
    fn step(&self) -> f64 {
        let rough = (self.high - self.low) / 4.0;
        let ten = 10.0_f64.powf(rough.max(1e-9).log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|it| it * ten).find(|it| *it >= rough);
        step.unwrap_or(ten * 10.0)
    }

    /// The same up to the next tick, so that nothing lies beyond the last one.
    fn up_to_a_tick(mut self) -> Self {
        if !self.logarithmic {
            let step = self.step();
            self.high = (self.high / step).ceil() * step;
        }
        self
    }

    /// Round values, few enough to be read.
    fn ticks(&self) -> Vec<f64> {
        if self.logarithmic {
            let all = [0.0, 1.0, 10.0, 100.0, 1_000.0, 10_000.0];
            return all.into_iter().filter(|it| *it <= self.high).collect();
        }
        let step = self.step();
        let first = (self.low / step).ceil();
        (0..8)
            .map(|it| (first + f64::from(it)) * step)
            .filter(|it| *it <= self.high * 1.000_1)
            .collect()
    }
}

/// One metric of every structure: means with their intervals.
pub(super) fn intervals(it: &Comparison, metric: Metric, bound: &dyn Fn(usize) -> bool) -> Markup {
    let rows: Vec<(usize, Estimate)> = it
        .rows
        .iter()
        .enumerate()
        .filter_map(|(number, row)| Some((number, row.estimates[metric as usize]?)))
        .collect();
    if rows.is_empty() {
        return html! {};
    }
    let mut highs: Vec<f64> =
        rows.iter().map(|it| it.1.high()).filter(|it| it.is_finite()).collect();
    highs.sort_by(f64::total_cmp);
    let high = highs.last().copied().unwrap_or(1.0).max(1e-6);
    let middle = highs.get((highs.len().max(1) - 1) / 2).copied().unwrap_or(high);
    let logarithmic = high > WIDE * middle.max(0.5);
    let low = rows.iter().map(|it| it.1.low()).fold(0.0, f64::min);
    let low = if logarithmic { 0.0 } else { low };
    let scale = Scale { low, high, from: LEFT, to: RIGHT, logarithmic }.up_to_a_tick();
    let bottom = ROW * count(rows.len()) + 4.0;
    let said = |(number_of, one): &(usize, Estimate)| {
        let least = if bound(*number_of) { "more than " } else { "" };
        format!(
            "{} {least}{} ± {}",
            it.rows[*number_of].name,
            number(one.mean),
            number(one.half_width)
        )
    };
    let words: Vec<String> = rows.iter().map(said).collect();
    let direction = match metric.better() {
        Better::Lower => "less is better",
        Better::Higher => "more is better",
        Better::Neither => "neither is better",
    };
    let scaled = if logarithmic { "; logarithmic scale" } else { "" };
    let words = format!("{}, for {}: {}", metric.title(), metric.audience(), words.join("; "));
    html! {
        figure {
            figcaption { b { (metric.title()) } ", for " (metric.audience()) ": " (direction) (scaled) }
            svg viewBox={ "0 0 " (WIDTH) " " (bottom + 16.0) } role="img" aria-label=(words) {
                title { (words) }
                (grid(&scale, bottom))
                @for (place, (number_of, one)) in rows.iter().enumerate() {
                    @let y = ROW * count(place) + ROW / 2.0 + 1.0;
                    @let [low, mean, high] = [one.low(), one.mean, one.high()].map(|it| scale.place(it));
                    text x="0" y=(y + 4.0) fill="#1d2430" { (short(&it.rows[*number_of].name)) }
                    line x1=(round(low)) x2=(round(high)) y1=(y) y2=(y) stroke="#0b5c8f" stroke-width="3" {}
                    circle cx=(round(mean)) cy=(y) r="4" fill="#0b5c8f" {}
                    text x=(WIDTH) y=(y + 4.0) text-anchor="end" fill="#1d2430" {
                        @if bound(*number_of) { "≥ " }
                        (number(one.mean)) " ± " (number(one.half_width))
                    }
                }
            }
        }
    }
}

fn grid(scale: &Scale, bottom: f64) -> Markup {
    html! {
        @for tick in scale.ticks() {
            @let x = round(scale.place(tick));
            line x1=(x) x2=(x) y1="0" y2=(bottom) stroke="#dfe4ea" {}
            text x=(x) y=(bottom + 12.0) text-anchor="middle" fill="#4d5766" { (number(tick)) }
        }
    }
}

/// Two metrics against each other; the upper right corner is best in both.
pub(super) fn pareto(it: &Comparison, across: Metric, up: Metric) -> Markup {
    let mean = |row: usize, metric: Metric| {
        it.rows[row].estimates[metric as usize].filter(|it| it.mean.is_finite())
    };
    let points: Vec<(usize, Estimate, Estimate)> = (0..it.rows.len())
        .filter_map(|row| Some((row, mean(row, across)?, mean(row, up)?)))
        .collect();
    if points.len() < 2 {
        return html! {};
    }
    let height = 190.0;
    let x = spanning(points.iter().map(|it| it.1), across, 42.0, WIDTH - 14.0);
    // The better end of the upright scale is at the top.
    let y = spanning(points.iter().map(|it| it.2), up, height - 6.0, 10.0);
    let words: Vec<String> = points
        .iter()
        .map(|(row, one, other)| {
            let left =
                if it.rows[*row].dominated_by.is_none() { "not dominated" } else { "dominated" };
            let [one, other] = [one, other].map(|it| number(it.mean));
            format!("{} {one} and {other}, {left}", it.rows[*row].name)
        })
        .collect();
    let words = format!("{} across and {} up: {}", across.title(), up.title(), words.join("; "));
    html! {
        figure {
            figcaption {
                b { (across.title()) } " across, " b { (up.title()) }
                " up" @if y.logarithmic { " (logarithmic)" } ": the upper right is better in both; hollow is dominated over all metrics"
            }
            svg viewBox={ "0 0 " (WIDTH) " " (height + 18.0) } role="img" aria-label=(words) {
                title { (words) }
                (grid(&x, height))
                @for tick in y.ticks() {
                    @let at = round(y.place(tick));
                    line x1="42" x2=(WIDTH) y1=(at) y2=(at) stroke="#dfe4ea" {}
                    text x="38" y=(at + 4.0) text-anchor="end" fill="#4d5766" { (number(tick)) }
                }
                @for (row, one, other) in &points {
                    @let left = it.rows[*row].dominated_by.is_none();
                    @let at = (round(x.place(one.mean)), round(y.place(other.mean)));
                    line x1=(round(x.place(one.low()))) x2=(round(x.place(one.high()))) y1=(at.1) y2=(at.1) stroke="#8a94a3" {}
                    line x1=(at.0) x2=(at.0) y1=(round(y.place(other.low()))) y2=(round(y.place(other.high()))) stroke="#8a94a3" {}
                    circle cx=(at.0) cy=(at.1) r="8" stroke="#0b5c8f" stroke-width="2"
                        fill=(if left { "#0b5c8f" } else { "#fff" }) {}
                    text x=(at.0) y=(at.1 + 4.0) text-anchor="middle" font-weight="700"
                        fill=(if left { "#fff" } else { "#1d2430" }) { (row + 1) }
                }
            }
            p.soft {
                @for (row, ..) in &points {
                    b { (row + 1) } " " (it.rows[*row].name) @if row + 1 < it.rows.len() { " · " }
                }
            }
        }
    }
}

/// A scale over all means and intervals, from the worse end to the better.
fn spanning(
    all: impl Iterator<Item = Estimate> + Clone,
    metric: Metric,
    from: f64,
    to: f64,
) -> Scale {
    let finite = |it: f64| it.is_finite().then_some(it);
    let high = all.clone().filter_map(|it| finite(it.high())).fold(1e-6, f64::max);
    let low = all.clone().filter_map(|it| finite(it.low())).fold(f64::INFINITY, f64::min);
    let mut means: Vec<f64> = all.map(|it| it.mean).collect();
    means.sort_by(f64::total_cmp);
    let middle = means.get((means.len().max(1) - 1) / 2).copied().unwrap_or(high);
    let logarithmic = high > WIDE * middle.max(0.5);
    let margin = 0.08 * (high - low).max(0.1);
    // Waits begin at zero; hours of building lie near each other and would all stand in one corner.
    let low = if low < 0.5 * high { 0.0 } else { low - margin };
    let high = if logarithmic { high } else { high + margin };
    let (from, to) = if metric.better() == Better::Lower { (to, from) } else { (from, to) };
    Scale { low, high, from, to, logarithmic }
}

/// What the difference of two structures depends on.
pub(super) fn tornado(bars: &[Bar], base: f64, first: &str, second: &str, unit: Metric) -> Markup {
    let ends = bars.iter().flat_map(|it| [it.low.difference.mean, it.high.difference.mean]);
    let ends: Vec<f64> = ends.chain([base, 0.0]).filter(|it| it.is_finite()).collect();
    let high = ends.iter().copied().fold(f64::MIN, f64::max);
    let low = ends.iter().copied().fold(f64::MAX, f64::min);
    let margin = 0.04 * (high - low).max(1e-6);
    let (from, to) = (16.0, WIDTH - 16.0);
    let scale = Scale { low: low - margin, high: high + margin, from, to, logarithmic: false };
    let bottom = 36.0 * count(bars.len());
    let words: Vec<String> = bars.iter().map(bar_words).collect();
    let words = format!(
        "{first} minus {second} in {}, {} as assumed: {}",
        unit.title(),
        number(base),
        words.join("; ")
    );
    html! {
        figure {
            figcaption {
                b { (first) " minus " (second) } " in " (unit.title())
                ": a bar from one end of what is plausible to the other. Thick line: equal. Dotted: as assumed."
            }
            svg viewBox={ "0 0 " (WIDTH) " " (bottom + 16.0) } role="img" aria-label=(words) {
                title { (words) }
                (grid(&scale, bottom))
                @for (place, bar) in bars.iter().enumerate() {
                    @let y = 36.0 * count(place);
                    @let [one, other] = [&bar.low, &bar.high].map(|it| round(scale.place(it.difference.mean)));
                    @let crosses = bar.low.difference.mean * bar.high.difference.mean < 0.0;
                    rect x=(one.min(other)) y=(y + 17.0) width=((one - other).abs().max(1.5)) height="12"
                        fill=(if crosses { "#c77700" } else { "#0b5c8f" }) {}
                }
                @let zero = round(scale.place(0.0));
                @let assumed = round(scale.place(base));
                line x1=(zero) x2=(zero) y1="0" y2=(bottom) stroke="#1d2430" stroke-width="2" {}
                @for place in 0..bars.len() {
                    @let y = 36.0 * count(place);
                    line x1=(assumed) x2=(assumed) y1=(y + 15.0) y2=(y + 31.0) stroke="#1d2430" stroke-dasharray="2 3" {}
                }
                @for (place, bar) in bars.iter().enumerate() {
                    text x="0" y=(36.0 * count(place) + 12.0) fill="#1d2430"
                        paint-order="stroke" stroke="#fff" stroke-width="3" {
                        (bar.parameter.title()) " " (number(bar.low.value)) " to " (number(bar.high.value))
                        ": " (number(bar.low.difference.mean)) " to " (number(bar.high.difference.mean))
                        @if let Some(it) = bar.flips_near { ", flips near " (number(it)) }
                    }
                }
            }
        }
    }
}

/// A bar in words.
pub(super) fn bar_words(it: &Bar) -> String {
    let flips = it.flips_near.map_or(String::new(), |it| format!(", flips near {}", number(it)));
    format!(
        "{} {} at {} and {} at {}{flips}",
        it.parameter.title(),
        number(it.low.difference.mean),
        number(it.low.value),
        number(it.high.difference.mean),
        number(it.high.value)
    )
}

fn round(it: f64) -> f64 {
    (it * 10.0).round() / 10.0
}

/// As much of a name as fits before the scale.
fn short(name: &str) -> String {
    if name.chars().count() <= 18 {
        return name.to_owned();
    }
    name.chars().take(17).chain(['…']).collect()
}
