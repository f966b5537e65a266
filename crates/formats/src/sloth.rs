//! Reading Sloth: `prometheus/v1`, and `PrometheusServiceLevel` of `sloth.slok.dev/v1`.
//!
//! Intuition: both say the same in two spellings, so one table of [`Keys`] makes one reader of
//! the two. What Sloth refuses is refused here, one objective at a time: a broken one must not
//! hide the others.

use crate::loss::Report;
use crate::spec::{
    AlertSpec, Alerting, Dialect, HOLE, Place, Sli, SloSpec, both, labels_of, only_known, text_of,
};
use crate::yaml::Node;
use model::Labels;

/// How the keys of a dialect are spelt.
struct Keys {
    dialect: Dialect,
    plugins: &'static str,
    error_query: &'static str,
    total_query: &'static str,
    error_ratio_query: &'static str,
    page_alert: &'static str,
    ticket_alert: &'static str,
}

const FILE: Keys = Keys {
    dialect: Dialect::Sloth,
    plugins: "slo_plugins",
    error_query: "error_query",
    total_query: "total_query",
    error_ratio_query: "error_ratio_query",
    page_alert: "page_alert",
    ticket_alert: "ticket_alert",
};

const CRD: Keys = Keys {
    dialect: Dialect::SlothCrd,
    plugins: "sloPlugins",
    error_query: "errorQuery",
    total_query: "totalQuery",
    error_ratio_query: "errorRatioQuery",
    page_alert: "pageAlert",
    ticket_alert: "ticketAlert",
};

/// The objectives of one `prometheus/v1` document.
pub(crate) fn read_file(node: &Node, place: &Place, report: &mut Report<'_>) -> Vec<SloSpec> {
    only_known(node, &["version", "service", "labels", "slos", FILE.plugins], report);
    read(node, &FILE, place, report)
}

/// The objectives of one `PrometheusServiceLevel`.
pub(crate) fn read_crd(node: &Node, place: &Place, report: &mut Report<'_>) -> Vec<SloSpec> {
    only_known(node, &["apiVersion", "kind", "metadata", "spec", "status"], report);
    let name = node.at(&["metadata", "name"]).and_then(Node::text).unwrap_or_default();
    let mut report = report.about(name);
    for key in ["labels", "annotations"] {
        if let Some(it) = node.at(&["metadata", key]) {
            let why = "they belong to the Kubernetes object, and rules are no such object";
            report.lost(it.line, &format!("`metadata.{key}`"), why);
        }
    }
    let Some(spec) = node.get("spec") else {
        report.refused(node.line, "the document", "`spec` is missing");
        return vec![];
    };
    only_known(spec, &["service", "labels", "slos", CRD.plugins], &mut report);
    read(spec, &CRD, place, &mut report)
}

fn read(node: &Node, keys: &Keys, place: &Place, report: &mut Report<'_>) -> Vec<SloSpec> {
    refuse_plugins(node, keys.plugins, report);
    let service = text_of(node, "service", report).unwrap_or_default();
    if !is_name(&service) {
        report.refused(node.line, "the document", &name_hint("service", &service));
        return vec![];
    }
    let labels = labels_of(node, "labels", report);
    let slos = node.get("slos").map_or(&[][..], Node::items);
    if slos.is_empty() {
        report.refused(node.line, "the document", "it has no `slos`");
    }
    let common = Common { keys, place, service: &service, labels: &labels };
    slos.iter().filter_map(|it| common.slo(it, report)).collect()
}

/// What the objectives of one document share.
struct Common<'a> {
    keys: &'a Keys,
    place: &'a Place,
    service: &'a str,
    labels: &'a Labels,
}

impl Common<'_> {
    fn slo(&self, node: &Node, report: &mut Report<'_>) -> Option<SloSpec> {
        let name = text_of(node, "name", report).unwrap_or_default();
        let mut report = report.about(format!("{}-{name}", self.service));
        let report = &mut report;
        let known = ["name", "description", "objective", "labels", "sli", "alerting", "plugins"];
        only_known(node, &known, report);
        refuse_plugins(node, "plugins", report);
        if !is_name(&name) {
            report.refused(node.line, "the objective", &name_hint("name", &name));
            return None;
        }
        let objective = node.get("objective").and_then(Node::number).unwrap_or(f64::NAN);
        if !(objective > 0.0 && objective <= 100.0) {
            let why = "`objective` must be a percentage above 0 and at most 100";
            report.refused(node.line, "the objective", why);
            return None;
        }
        let sli = match self.sli(node, report) {
            Ok(sli) => sli,
            Err((line, why)) => {
                report.refused(line, "the objective", &why);
                return None;
            }
        };
        Some(SloSpec {
            meaning: crate::Meaning::default(),
            place: Place { line: node.line, ..self.place.clone() },
            dialect: self.keys.dialect,
            service: self.service.to_owned(),
            description: text_of(node, "description", report).unwrap_or_default(),
            labels: both(self.labels, &labels_of(node, "labels", report)),
            objective,
            period: None,
            sli,
            alerting: self.alerting(node, report)?,
            name,
        })
    }

    fn sli(&self, slo: &Node, report: &mut Report<'_>) -> Result<Sli, (usize, String)> {
        let keys = self.keys;
        let Some(sli) = slo.get("sli") else { return Err((slo.line, "`sli` is missing".into())) };
        only_known(sli, &["events", "raw", "plugin"], report);
        let query = |node: &Node, key: &str| -> Result<String, (usize, String)> {
            let missing = || (node.line, format!("`{key}` is missing"));
            let value = node.get(key).ok_or_else(missing)?;
            let text = with_hole(value.text().ok_or_else(missing)?);
            let text = text.map_err(|why| (value.line, format!("`{key}` {why}")))?;
            Ok(text)
        };
        match (sli.get("events"), sli.get("raw"), sli.get("plugin")) {
            (Some(events), None, None) => {
                only_known(events, &[keys.error_query, keys.total_query], report);
                let bad = query(events, keys.error_query)?;
                Ok(Sli::Bad { bad, total: query(events, keys.total_query)? })
            }
            (None, Some(raw), None) => {
                only_known(raw, &[keys.error_ratio_query], report);
                Ok(Sli::ErrorRatio(query(raw, keys.error_ratio_query)?))
            }
            (None, None, Some(plugin)) => {
                let why = "its queries come from a plugin, which is a program that runs inside \
                           Sloth; write them out under `events`";
                Err((plugin.line, why.to_owned()))
            }
            _ => Err((sli.line, "`sli` must hold one of `events`, `raw` and `plugin`".into())),
        }
    }

    fn alerting(&self, slo: &Node, report: &mut Report<'_>) -> Option<Alerting> {
        let keys = self.keys;
        let nothing = Node::from_entries::<&str>([]);
        let node = slo.get("alerting").unwrap_or(&nothing);
        let known = ["name", "labels", "annotations", keys.page_alert, keys.ticket_alert];
        only_known(node, &known, report);
        let shared = AlertSpec {
            labels: labels_of(node, "labels", report),
            annotations: labels_of(node, "annotations", report),
        };
        let mut alert = |key: &str| {
            let own = node.get(key).unwrap_or(&nothing);
            only_known(own, &["disable", "labels", "annotations"], report);
            if own.get("disable").and_then(Node::switch) == Some(true) {
                return None;
            }
            Some(AlertSpec {
                labels: both(&shared.labels, &labels_of(own, "labels", report)),
                annotations: both(&shared.annotations, &labels_of(own, "annotations", report)),
            })
        };
        let (page, ticket) = (alert(keys.page_alert), alert(keys.ticket_alert));
        let name = text_of(node, "name", report).unwrap_or_default();
        if name.is_empty() && (page.is_some() || ticket.is_some()) {
            let why = "`alerting.name` is missing, and its alerts are not switched off";
            report.refused(slo.line, "the objective", why);
            return None;
        }
        Some(Alerting { name, page, ticket })
    }
}

fn refuse_plugins(node: &Node, key: &str, report: &mut Report<'_>) {
    if let Some(plugins) = node.get(key) {
        let why = "plugins are programs that run inside Sloth; what they would change is unchanged";
        report.lost(plugins.line, &format!("`{key}`"), why);
    }
}

/// Two or more letters, digits, `-`, `_` and `.`, with a letter or digit at both ends.
fn is_name(text: &str) -> bool {
    let fits = |it: char| it.is_ascii_alphanumeric() || "-_.".contains(it);
    let end = |it: Option<char>| it.is_some_and(|it| it.is_ascii_alphanumeric());
    text.len() > 1 && text.chars().all(fits) && end(text.chars().next()) && end(text.chars().last())
}

fn name_hint(key: &str, text: &str) -> String {
    if text.is_empty() {
        return format!("`{key}` is missing");
    }
    format!(
        "`{key}: {text}` is no name: two or more letters, digits, `-`, `_` and `.`, beginning and \
         ending with a letter or digit"
    )
}

/// The query with every hole written as [`HOLE`]. Other template holes have no meaning to us.
pub(crate) fn with_hole(query: &str) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = query;
    let mut holes = 0;
    while let Some(at) = rest.find("{{") {
        out.push_str(&rest[..at]);
        let inside = &rest[at + 2..];
        let Some(end) = inside.find("}}") else {
            return Err("has `{{` without `}}`".to_owned());
        };
        let name = inside[..end].trim_matches(' ');
        if name != ".window" {
            return Err(format!("has the hole `{{{{{name}}}}}`; only `{HOLE}` is known"));
        }
        out.push_str(HOLE);
        holes += 1;
        rest = &inside[end + 2..];
    }
    out.push_str(rest);
    if holes == 0 {
        return Err(format!("has no `{HOLE}` where the window goes"));
    }
    Ok(out)
}
