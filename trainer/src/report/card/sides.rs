//! What a split does with the patients at hand, in words.

use crate::dataset::{ManifestRow, Part, Split, unit_word};
use std::collections::{BTreeSet, HashSet};

/// Say what the split does with the patients at hand, whatever the split.
pub fn split_text(split: Split, rows: &[ManifestRow], chosen_there: &str) -> String {
    let word = unit_word(rows);
    let side = |part: Part| part.of(rows.to_vec());
    let (train, valid) = (side(split.train()), side(split.valid()));
    let patients = |rows: &[ManifestRow]| -> HashSet<String> {
        rows.iter().map(|row| row.unit().to_owned()).collect()
    };
    let (learned, chosen) = (patients(&train), patients(&valid));
    let shared: HashSet<&String> = learned.intersection(&chosen).collect();
    let mut text = format!(
        "Split '{}': learned from {} patches of {} {word}{}; {} chosen on {} patches of {} {word}{}.",
        split,
        train.len(),
        learned.len(),
        subsets(&train),
        chosen_there,
        valid.len(),
        chosen.len(),
        subsets(&valid)
    );
    if shared.is_empty() {
        text.push_str(match word {
            "patients" => " By patient: none is on both sides.",
            "scans" => " By scan, for no patient is named: none is on both sides.",
            _ => " None of them is on both sides.",
        });
    } else {
        let patches = valid.iter().filter(|row| shared.contains(&row.unit().to_owned())).count();
        text.push_str(&format!(
            " Not by patient: {} {word} are on both sides, and {:.1} % of the validation patches are theirs, so the figures are optimistic.",
            shared.len(), 100.0 * patches as f64 / valid.len().max(1) as f64
        ));
    }
    text
}

/// Name the subsets: " (LUNA16 subsets 0, 2, 4-8)"; nothing where the manifest does not tell.
pub fn subsets(rows: &[ManifestRow]) -> String {
    let folds: BTreeSet<u32> = rows.iter().filter_map(|row| row.luna_subset).collect();
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for fold in folds {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == fold => *last = fold,
            _ => runs.push((fold, fold)),
        }
    }
    if runs.is_empty() {
        return String::new();
    }
    let names: Vec<String> = runs
        .iter()
        .map(|(first, last)| match last - first {
            0 => first.to_string(),
            1 => format!("{first}, {last}"),
            _ => format!("{first}-{last}"),
        })
        .collect();
    let word = if matches!(runs.as_slice(), [(first, last)] if first == last) {
        "subset"
    } else {
        "subsets"
    };
    format!(" (LUNA16 {word} {})", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(patient: &str, fold: u32, split_paper: &str) -> ManifestRow {
        let line = format!(
            "candidate_row,class,luna_subset,split_paper,split_patientwise,patient_id\n1,0,{fold},{split_paper},{},{patient}\n",
            if fold == 3 { "val" } else { "train" }
        );
        csv::Reader::from_reader(line.as_bytes()).deserialize().next().unwrap().unwrap()
    }

    #[test]
    fn the_split_is_told_from_the_data() {
        let rows = [
            row("A", 0, "train"),
            row("B", 2, "train"),
            row("C", 4, "train"),
            row("D", 5, "val"),
            row("E", 6, "val"),
            row("A", 3, "val"),
        ];
        let text = split_text(Split::Patientwise, &rows[1..5], "threshold");
        assert!(
            text.contains("learned from 4 patches of 4 patients (LUNA16 subsets 2, 4-6)"),
            "{text}"
        );
        let text = split_text(Split::Paper, &rows, "epoch");
        assert!(text.contains("1 patients are on both sides, and 33.3 %"), "{text}");
        assert!(text.contains("(LUNA16 subsets 3, 5, 6)"), "{text}");
        assert!(subsets(&rows[5..]) == " (LUNA16 subset 3)" && subsets(&[]).is_empty());
    }
}
