//! Where samples come from.

use super::Kind::{self, Map, Record};
use super::Presence::{Default, Optional, Required};
use super::{Keys, Limits, Plain, Shape, field, plain};
use model::Millis;

/// Shortest and longest time between two looks at a source.
const INTERVAL: Limits = Limits { shortest: Millis::from_secs(1), longest: Millis::from_mins(10) };

/// Time between two looks at a source that names none.
pub(crate) const INTERVAL_DEFAULT: &str = "15s";

pub(super) static SOURCE: Shape = Shape {
    title: "source",
    about: "Where samples come from: exactly one of these.",
    fields: &[
        field("prometheus", Optional, Record(&PROMETHEUS), "A Prometheus-compatible HTTP API."),
        field(
            "scrape",
            Optional,
            Record(&SCRAPE),
            "`/metrics` endpoints that Lamplighter reads itself.",
        ),
    ],
};

static PROMETHEUS: Shape = Shape {
    title: "prometheus",
    about: "A Prometheus-compatible HTTP API.",
    fields: &[
        plain("url", Required, Plain::Url, "Its base URL, without `/api/v1`."),
        plain(
            "token",
            Optional,
            Plain::Secret,
            "Sent as a bearer token: `env:NAME` or `file:/path`.",
        ),
        plain(
            "interval",
            Default(INTERVAL_DEFAULT),
            Plain::Duration(INTERVAL),
            "How often it scrapes.",
        ),
    ],
};

static SCRAPE: Shape = Shape {
    title: "scrape",
    about: "Endpoints that Lamplighter scrapes itself.",
    fields: &[
        field(
            "targets",
            Required,
            Map(Keys::Texts(128), &Kind::Plain(Plain::Url)),
            "The full URL of each endpoint, by its `job` label.",
        ),
        plain(
            "interval",
            Default(INTERVAL_DEFAULT),
            Plain::Duration(INTERVAL),
            "How often they are scraped.",
        ),
    ],
};
