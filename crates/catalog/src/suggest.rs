//! "Did you mean": the known word nearest to what was written.

/// The word of `known` that needs the fewest edits to become `written`, if those are few enough
/// for a slip. Among equals the first.
pub(crate) fn nearest<'a>(written: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let length = written.chars().count();
    // Longer text is no slip of a known word, and comparing it costs time.
    if length == 0 || length > 128 {
        return None;
    }
    let edits_max = (length / 3).clamp(1, 3);
    let lower: Vec<char> = written.to_lowercase().chars().collect();
    known
        // Most words differ too much in length alone; counting edits is the costly part.
        .filter(|it| it.chars().count().abs_diff(length) <= edits_max)
        .map(|it| (edits(&lower, &it.to_lowercase().chars().collect::<Vec<_>>()), it))
        .filter(|(edits, it)| *edits <= edits_max && *edits < it.chars().count())
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, it)| it)
}

/// How many letters must be inserted, removed, replaced or swapped with their neighbour.
fn edits(left: &[char], right: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for (row, a) in left.iter().enumerate() {
        let mut line = vec![row + 1];
        for (column, b) in right.iter().enumerate() {
            let replaced = above[column] + usize::from(a != b);
            let mut best = replaced.min(above[column + 1] + 1).min(line[column] + 1);
            let swapped = row > 0 && column > 0 && *a == right[column - 1] && left[row - 1] == *b;
            if swapped {
                best = best.min(before[column - 1] + 1);
            }
            line.push(best);
        }
        before = std::mem::replace(&mut above, line);
    }
    above[right.len()]
}

/// `did you mean …?` for the nearest, or else the list of what there is when it is short.
pub(crate) fn hint<'a>(
    written: &str,
    known: impl Iterator<Item = &'a str> + Clone,
) -> Option<String> {
    const LISTED_MAX: usize = 12;
    if let Some(near) = nearest(written, known.clone()) {
        return Some(format!("did you mean `{near}`?"));
    }
    let listed: Vec<_> = known.clone().take(LISTED_MAX).map(|it| format!("`{it}`")).collect();
    if listed.is_empty() || known.count() > LISTED_MAX {
        return None;
    }
    Some(format!("known here: {}", listed.join(", ")))
}
