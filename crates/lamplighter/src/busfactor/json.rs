//! The bus factor for programs. Names are part of the form: they are not changed, only added.

use super::{Counted, Wanted, things};
use busfactor::{
    By, CoAuthors, Exact, Keep, Measure, Merge, Method, Pairing, Programs, Question, Variant,
};
use serde_json::{Value, json};

pub(super) fn to_json(it: &Counted, question: &Question) -> Value {
    let measure = &it.measure;
    let (at_least, at_most) = match measure.exact {
        Exact::Found(count) => (count, count),
        Exact::Between { at_least, at_most } => (at_least, at_most),
    };
    let strip = |it: &Variant| {
        let (count, by) = (it.measure.bus_factor, by(&it.measure));
        json!({ "change": it.change, "bus_factor": count, "found_by": by })
    };
    let mut value = json!({
        "name": it.name,
        "commit": (!it.commit.is_empty()).then_some(&it.commit),
        "bus_factor": measure.bus_factor,
        "found_by": by(measure),
        "exact": { "at_least": at_least, "at_most": at_most },
        "greedy": measure.greedy,
        "greedy_other_ties": measure.greedy_other_ties,
        "greedy_pruned": measure.pruned,
        "smallest_sets": measure.standing.map(|it| json!({
            "people_in_every": it.in_every, "people_in_some": it.in_some,
        })),
        "unit": things(question),
        "method": match question.method {
            Method::Avelino => "avelino",
            Method::AvelinoPruned => "avelino-pruned",
            Method::JetBrains => "jetbrains",
            Method::Evidence => "evidence",
        },
        "author_above_percent": question.share_percent,
        "stands_still_below_percent": question.coverage_percent,
        "window": window(measure, question),
        "filter": filter(measure, question),
        "identity": identity(measure, question),
        "programs": match question.programs {
            Programs::LeftOut => "left-out",
            Programs::Counted => "counted",
        },
        "co_authors": match question.co_authors {
            CoAuthors::Credited => "credited",
            CoAuthors::Ignored => "ignored",
        },
        "left_out": left_out(measure),
        "sensitivity": it.strip.iter().map(strip).collect::<Vec<_>>(),
    });
    if question.method == Method::Evidence {
        value["evidence"] = json!(it.deeds);
        value["services"] = json!(it.services);
        value["week"] = it.covered.as_ref().map_or(Value::Null, super::hours::json);
    }
    if let Wanted::Asked(pairing) = &it.pairing {
        value["pairing"] = pairing.as_ref().map_or(Value::Null, paired);
    }
    value
}

fn window(measure: &Measure, question: &Question) -> Value {
    json!({
        "ends_at": measure.ends_at.map(|it| it.to_string()),
        "days": question.window_days,
        "decay_days": question.decay_days,
        "commits": measure.commits,
    })
}

fn filter(measure: &Measure, question: &Question) -> Value {
    let left_out = &measure.left_out;
    json!({
        "rule": match question.keep { Keep::Code => "code", Keep::All => "all" },
        "only": question.only,
        "without": question.without,
        "files": measure.files,
        "files_left_out": left_out.files,
        "files_silent_in_window": left_out.files_silent,
        "files_without_author": measure.files_without_author,
        "files_needed": measure.files_needed,
    })
}

fn identity(measure: &Measure, question: &Question) -> Value {
    json!({
        "rule": match question.identity.merge {
            Merge::EmailOrName => "email-or-name",
            Merge::Email => "email",
        },
        "mailmap": question.identity.mailmap,
        "contacts_changed_by_mailmap": measure.mapped,
        "people": measure.people,
        "authors": measure.authors,
    })
}

fn left_out(measure: &Measure) -> Value {
    let left_out = &measure.left_out;
    json!({
        "commits_before_window": left_out.commits_old,
        "commits_of_programs": left_out.commits_of_programs,
        "trailers_of_programs": left_out.trailers_of_programs,
        "trailers_of_people": left_out.trailers_of_people,
    })
}

fn paired(it: &Pairing) -> Value {
    json!({
        "folder": it.folder,
        "knows": it.knows,
        "learns": it.learns,
        "files": it.files,
        "files_begun": it.begun,
        "single_author_files": { "now": it.single.0, "after": it.single.1 },
        "bus_factor": { "now": it.bus_factor.0, "after": it.bus_factor.1 },
        "as_good": it.as_good,
    })
}

fn by(measure: &Measure) -> &'static str {
    match measure.by {
        By::Exact => "exact",
        By::Greedy => "greedy",
        By::Pruned => "greedy-pruned",
    }
}
