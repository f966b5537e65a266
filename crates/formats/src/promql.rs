//! The few shapes of PromQL from which a counter's selector can be told for certain.
//!
//! Intuition: Lamplighter counts events itself, from the samples of counters, so our files hold
//! selectors where others hold queries. `sum(rate(SELECTOR[{{.window}}]))` says no more than its
//! selector. Whatever is not certainly of such a shape is left alone: a wrong guess here would be
//! a wrong budget.
//!
//! Invariant: [`counter_of`] gives a selector only if the query means "the events of these
//! counters over the window, summed over all series", up to a constant that a ratio cancels.

use crate::spec::HOLE;
use slo::selector::{MatchOp, Matcher, Selector};

/// The query that counts what `selector` chooses.
pub(crate) fn sum_of_rate(selector: &str) -> String {
    format!("sum(rate({selector}[{HOLE}]))")
}

/// How a query of a known shape counts.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Counted {
    pub(crate) selector: Selector,
    pub(crate) function: Function,
    /// Whether the query takes 0 where there are no series.
    pub(crate) or_zero: bool,
}

/// How the increase over a window was computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    Rate,
    Increase,
}

/// The counter behind `query`, if its shape is known.
pub(crate) fn counter_of(query: &str) -> Option<Counted> {
    let query = without_parentheses(query);
    if let Some(left) = without_or_zero(query) {
        return counter_of(left).map(|it| Counted { or_zero: true, ..it });
    }
    let inside = without_parentheses(call(query, "sum")?);
    let (function, range) = call(inside, "rate")
        .map(|it| (Function::Rate, it))
        .or_else(|| call(inside, "increase").map(|it| (Function::Increase, it)))?;
    let range = range.trim().strip_suffix(']')?.trim_end();
    let selector = range.strip_suffix(HOLE)?.trim_end().strip_suffix('[')?;
    let selector = Selector::parse(selector.trim()).ok()?;
    Some(Counted { selector, function, or_zero: false })
}

/// The two sides of `(A) - (B)` or `A - B`, if the query is such a difference.
pub(crate) fn difference(query: &str) -> Option<(&str, &str)> {
    let query = without_parentheses(query);
    let at = top_level(query).find(|(_, it)| *it == '-').map(|(at, _)| at)?;
    Some((query[..at].trim(), query[at + 1..].trim()))
}

/// The selector of the events of `total` that are not in `part`. Certain only if `part` is `total`
/// with one more condition, whose opposite is the answer.
pub(crate) fn rest_of(total: &Selector, part: &Selector) -> Option<Selector> {
    if total.name != part.name {
        return None;
    }
    let mut more: Vec<&Matcher> = part.matchers.iter().collect();
    for matcher in &total.matchers {
        let at = more.iter().position(|it| *it == matcher)?;
        more.remove(at);
    }
    let [condition] = more.as_slice() else { return None };
    let op = match condition.op {
        MatchOp::Equal => MatchOp::NotEqual,
        MatchOp::NotEqual => MatchOp::Equal,
        MatchOp::Regex => MatchOp::NotRegex,
        MatchOp::NotRegex => MatchOp::Regex,
    };
    let mut matchers = total.matchers.clone();
    matchers.push(Matcher { op, ..(*condition).clone() });
    Some(Selector { name: total.name.clone(), matchers })
}

/// What stands in `function(…)`, if the whole of `query` is that call.
fn call<'a>(query: &'a str, function: &str) -> Option<&'a str> {
    let rest = query.trim().strip_prefix(function)?.trim_start();
    enclosed(rest)
}

/// What stands in `(…)`, if the whole of `text` is one pair.
fn enclosed(text: &str) -> Option<&str> {
    let inside = text.strip_prefix('(')?.strip_suffix(')')?;
    let mut depth = 0_i32;
    for (_, it) in unquoted(inside) {
        match it {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth < 0 {
            return None;
        }
    }
    Some(inside)
}

fn without_parentheses(query: &str) -> &str {
    let mut query = query.trim();
    while let Some(inside) = enclosed(query) {
        query = inside.trim();
    }
    query
}

/// `A` of `A or vector(0)` and `A or on() vector(0)`.
fn without_or_zero(query: &str) -> Option<&str> {
    let left = query.strip_suffix("vector(0)")?.trim_end();
    let left = left.strip_suffix("on()").map_or(left, str::trim_end);
    let (at, _) = left.char_indices().rev().nth(1)?;
    let (left, word) = left.split_at(at);
    (word.eq_ignore_ascii_case("or") && left.ends_with([' ', '\n', ')'])).then(|| left.trim_end())
}

/// Characters outside of quotation marks, with their positions.
fn unquoted(text: &str) -> impl Iterator<Item = (usize, char)> + '_ {
    let mut quote: Option<char> = None;
    let mut escaped = false;
    text.char_indices().filter(move |(_, it)| {
        if escaped {
            escaped = false;
            return false;
        }
        match quote {
            Some(open) => {
                escaped = *it == '\\' && open != '`';
                if *it == open {
                    quote = None;
                }
                false
            }
            None if matches!(it, '"' | '\'' | '`') => {
                quote = Some(*it);
                false
            }
            None => true,
        }
    })
}

/// The same, outside of all parentheses and braces.
fn top_level(text: &str) -> impl Iterator<Item = (usize, char)> + '_ {
    let mut depth = 0_i32;
    unquoted(text).filter(move |(_, it)| {
        match it {
            '(' | '{' | '[' => depth += 1,
            ')' | '}' | ']' => depth -= 1,
            _ => {}
        }
        depth == 0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(query: &str, expected: &str) {
        let shown = counter_of(query).map_or("-".to_owned(), |it| {
            format!("{}{}", it.selector, if it.or_zero { " or 0" } else { "" })
        });
        assert_eq!(shown, expected, "{query}");
    }

    #[test]
    fn known_shapes() {
        check("sum(rate(a_total[{{.window}}]))", "a_total");
        check(" ( sum ( increase( a_total{b=\"c)\"} [ {{.window}} ] ) ) )\n", "a_total{b=\"c)\"}");
        check("sum(rate(a_total[{{.window}}])) or vector(0)", "a_total or 0");
        check("sum(rate(a_total[{{.window}}])) OR on() vector(0)", "a_total or 0");
        check("(sum(rate(a_total[{{.window}}])) or vector(0))", "a_total or 0");
    }

    #[test]
    fn anything_else_is_left_alone() {
        for query in [
            "sum(rate(a_total[5m]))",
            "sum by (b) (rate(a_total[{{.window}}]))",
            "sum(rate(a_total[{{.window}}])) / 2",
            "sum(rate(a_total[{{.window}}])) + sum(rate(b_total[{{.window}}]))",
            "sum(irate(a_total[{{.window}}]))",
            "rate(a_total[{{.window}}])",
            "sum(rate(a_total[{{.window}}] offset 1h))",
            "max(rate(a_total[{{.window}}]))",
            "sum(rate(a_total[{{.window}}:]))",
            "floor vector(0)",
            "or vector(0)",
            "(",
            "",
        ] {
            check(query, "-");
        }
    }

    #[test]
    fn the_rest_is_told_only_when_it_is_certain() {
        let parse = |text| Selector::parse(text).unwrap();
        for (total, part, expected) in [
            ("a{x=\"1\"}", "a{x=\"1\",code!~\"5..\"}", "a{x=\"1\",code=~\"5..\"}"),
            ("a{x=\"1\"}", "a{code=\"200\",x=\"1\"}", "a{x=\"1\",code!=\"200\"}"),
            ("a", "a{code=\"200\",b=\"c\"}", "-"),
            ("a{x=\"1\"}", "a{x=\"2\"}", "-"),
            ("a", "b{code=\"200\"}", "-"),
            ("a", "a", "-"),
        ] {
            let rest = rest_of(&parse(total), &parse(part));
            assert_eq!(rest.map_or("-".to_owned(), |it| it.to_string()), expected);
        }
    }
}
