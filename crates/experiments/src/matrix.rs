//! The little linear algebra that regressions need: a few regressors, so nothing clever.
//!
//! Invariant: what cannot be solved is `None`: regressors that say the same thing twice.

/// A square, symmetric matrix by rows.
pub(crate) type Matrix = Vec<Vec<f64>>;

/// `Σ w x xᵀ`.
pub(crate) fn gram(rows: &[Vec<f64>], weights: &[f64]) -> Matrix {
    let terms = rows.first().map_or(0, Vec::len);
    let mut found = vec![vec![0.0; terms]; terms];
    for (row, weight) in rows.iter().zip(weights) {
        for (line, first) in found.iter_mut().zip(row) {
            for (cell, second) in line.iter_mut().zip(row) {
                *cell += weight * first * second;
            }
        }
    }
    found
}

/// `Σ w x y`.
pub(crate) fn moments(rows: &[Vec<f64>], weights: &[f64], values: &[f64]) -> Vec<f64> {
    let mut found = vec![0.0; rows.first().map_or(0, Vec::len)];
    for ((row, weight), value) in rows.iter().zip(weights).zip(values) {
        for (cell, it) in found.iter_mut().zip(row) {
            *cell += weight * it * value;
        }
    }
    found
}

/// The inverse and the logarithm of the determinant, by elimination with the largest pivot.
pub(crate) fn inverse(matrix: &Matrix) -> Option<(Matrix, f64)> {
    let size = matrix.len();
    let mut left = matrix.clone();
    let mut right: Matrix = (0..size)
        .map(|row| (0..size).map(|column| f64::from(u8::from(row == column))).collect())
        .collect();
    let scale = matrix.iter().flatten().fold(0.0_f64, |most, it| most.max(it.abs()));
    let mut logarithm = 0.0;
    for column in 0..size {
        let pivot = (column..size)
            .max_by(|one, other| left[*one][column].abs().total_cmp(&left[*other][column].abs()))?;
        left.swap(column, pivot);
        right.swap(column, pivot);
        let head = left[column][column];
        if head.abs() <= 1e-12 * scale {
            return None;
        }
        logarithm += head.abs().ln();
        for it in left[column].iter_mut().chain(&mut right[column]) {
            *it /= head;
        }
        let (of_left, of_right) = (left[column].clone(), right[column].clone());
        for row in (0..size).filter(|it| *it != column) {
            let times = left[row][column];
            for (cell, it) in left[row].iter_mut().zip(&of_left) {
                *cell -= times * it;
            }
            for (cell, it) in right[row].iter_mut().zip(&of_right) {
                *cell -= times * it;
            }
        }
    }
    Some((right, logarithm))
}

/// Matrix times vector.
pub(crate) fn times(matrix: &Matrix, vector: &[f64]) -> Vec<f64> {
    matrix.iter().map(|row| dot(row, vector)).collect()
}

/// The scalar product.
pub(crate) fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(it, that)| it * that).sum()
}

/// `vᵀ M v`.
pub(crate) fn form(matrix: &Matrix, vector: &[f64]) -> f64 {
    dot(&times(matrix, vector), vector)
}
