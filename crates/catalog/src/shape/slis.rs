//! The keys that say what is counted for an objective, and how it is judged.

use super::Presence::{Default, Optional, Required};
use super::{Limits, Plain, Shape, plain};
use model::Millis;

/// Shortest and longest time between two pushes.
const PUSH: Limits = Limits { shortest: Millis::from_mins(1), longest: Millis::from_days(31) };

/// Time between two pushes that is taken when none is named.
pub(crate) const PUSH_EVERY_DEFAULT: &str = "5m";

pub(crate) static RATIO: Shape = Shape {
    title: "ratio",
    about: "Bad or good events among all events, each as the selector of a Prometheus counter.",
    fields: &[
        plain("bad", Optional, Plain::Selector, "The counter of bad events; this or `good`."),
        plain("good", Optional, Plain::Selector, "The counter of good events; this or `bad`."),
        plain("total", Required, Plain::Selector, "The counter of all events, bad ones included."),
    ],
};

pub(crate) static LATENCY: Shape = Shape {
    title: "latency",
    about: "Events that were fast enough among all events, from the buckets of a histogram.",
    fields: &[
        plain(
            "histogram",
            Optional,
            Plain::Selector,
            "A classic histogram, without `_bucket`: `http_request_duration_seconds{job=\"shop\"}`; this or `native`.",
        ),
        plain(
            "native",
            Optional,
            Plain::Selector,
            "A native histogram of a Prometheus source (not of our own scraping); this or `histogram`.",
        ),
        plain(
            "under",
            Required,
            Plain::Text(32),
            "The longest that is fast enough: `300ms`, `1.5s`, or a number in the unit of the histogram. One of its buckets must end there; otherwise the nearest are named and nothing is measured. Buckets of native histograms end at 0.25, 0.5, 1, 2 and so on, and between them by their resolution.",
        ),
    ],
};

pub(crate) static GAUGE: Shape = Shape {
    title: "gauge",
    about: "A number that must stay within a bound, or a check that is 0 or 1. Every minute counts alike.",
    fields: &[
        plain(
            "metric",
            Required,
            Plain::Selector,
            "The gauge; of several series each must fulfil it.",
        ),
        plain(
            "is",
            Required,
            Plain::Text(40),
            "What it must be: `<`, `<=`, `>`, `>=` or `==`, and a number, as in `\"<= 300\"` or `\"== 1\"`.",
        ),
    ],
};

pub(crate) static RAW: Shape = Shape {
    title: "raw ratio",
    about: "A gauge that already is a share from 0 to 1. How many events there were is not known, so every minute counts alike.",
    fields: &[
        plain("metric", Required, Plain::Selector, "The gauge; of several series their mean."),
        plain("of", Required, Plain::Choice(&["good", "bad"]), "What it is the share of."),
    ],
};

pub(crate) static QUERY: Shape = Shape {
    title: "query",
    about: "Any PromQL, asked at the end of every minute: `bad` or `good` with `total`, or `error_ratio` alone. Rates are not counts: the figure is shown as an estimate. `{{.window}}` is replaced by four intervals of the source, whole minutes, at least one.",
    fields: &[
        plain("bad", Optional, Plain::Query, "Bad events; this, `good` or `error_ratio`."),
        plain("good", Optional, Plain::Query, "Good events; this, `bad` or `error_ratio`."),
        plain(
            "total",
            Optional,
            Plain::Query,
            "All events, with `bad` or `good`. Where it has no answer, the minute is unknown.",
        ),
        plain(
            "error_ratio",
            Optional,
            Plain::Query,
            "The share of bad events, from 0 to 1. How many there were is not known, so every minute counts alike.",
        ),
        plain(
            "per",
            Default("second"),
            Plain::Choice(&["second", "minute", "window"]),
            "Per what the answers are: events per `second` as of `rate`, per `minute`, or within the `window` as of `increase(x[{{.window}}])`.",
        ),
    ],
};

pub(crate) static PUSHED: Shape = Shape {
    title: "pushed counts",
    about: "Counts that somebody sends to `POST /api/v1/sli/SERVICE.SLO`, or the results of checks in CI.",
    fields: &[
        plain(
            "every",
            Default(PUSH_EVERY_DEFAULT),
            Plain::Duration(PUSH),
            "How long nothing need come until silence means that nothing is known.",
        ),
        plain(
            "check",
            Optional,
            Plain::Text(200),
            "The only check in CI whose results count: the name of a workflow, a check run, a pipeline or a job.",
        ),
        plain(
            "secret",
            Optional,
            Plain::Secret,
            "With what CI signs its webhooks. Without it, results from CI are refused.",
        ),
    ],
};

pub(super) static SLICES: Shape = Shape {
    title: "slices",
    about: "Judges slices of time instead of events: a quiet night weighs like a busy noon.",
    fields: &[
        plain(
            "of",
            Required,
            Plain::Choice(&["1m", "2m", "3m", "4m", "5m", "6m", "10m", "12m", "15m"]),
            "How long a slice is.",
        ),
        plain(
            "good",
            Optional,
            Plain::Objective,
            "The share of good events that makes a slice good (time slices). Without it every slice counts with its share (ratio time slices).",
        ),
    ],
};

pub(super) static CALENDAR: Shape = Shape {
    title: "calendar",
    about: "A window that begins anew with the calendar, instead of one that rolls.",
    fields: &[
        plain(
            "every",
            Required,
            Plain::Choice(&["week", "month", "quarter", "year"]),
            "When it begins anew; weeks on Mondays.",
        ),
        plain("timezone", Required, Plain::Zone, "Whose midnights count."),
    ],
};
