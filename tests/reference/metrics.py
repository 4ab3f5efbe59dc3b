"""Golden figures of the report, by scikit-learn and NumPy.

usage: python3 tests/reference/metrics.py            (from the repository's root; scikit-learn, NumPy)

Writes tests/golden/metrics.json: a fixed random data set with many ties, and every figure that
trainer/src/metrics gives of it. Probabilities are multiples of 1/64, so that they are exact in
JSON and none lies on the edge of one of the 15 calibration bins but 0 and 1. The temperature is
fitted by SciPy.
"""
import json
import pathlib

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.stats import rankdata
from sklearn import metrics
from sklearn.calibration import calibration_curve

ROOT = pathlib.Path(__file__).resolve().parents[2]
COUNT, BINS, SPECIFICITY = 400, 15, 0.9709


def data() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(20261122)
    label = (random.random(COUNT) < 0.25).astype(int)
    raw = random.beta(1.0 + 3.0 * label, 4.0 - 2.5 * label)
    # Odd multiples of 1/64 and the two ends: never k/15 but for 0 and 1.
    probability = (2 * np.floor(raw * 32) + 1) / 64
    probability[:3], label[:3] = [1.0, 0.0, 0.0], [1, 0, 1]
    logit = random.normal(-1.5 + 4.0 * label, 2.5)
    return label, probability, logit


def equal_mass_error(label: np.ndarray, probability: np.ndarray) -> float:
    ranks = rankdata(probability, method="min").astype(int) - 1
    bins = ranks * BINS // len(label)
    gaps = [abs(probability[bins == b].mean() - label[bins == b].mean()) * (bins == b).sum()
            for b in np.unique(bins)]
    return float(sum(gaps) / len(label))


def main() -> None:
    label, probability, logit = data()
    threshold = 25 / 64  # a probability that occurs: it counts as called
    called = (probability >= threshold).astype(int)
    tn, fp, fn, tp = metrics.confusion_matrix(label, called).ravel().tolist()
    fpr, tpr, roc_thresholds = metrics.roc_curve(label, probability, drop_intermediate=False)
    precision, recall, pr_thresholds = metrics.precision_recall_curve(label, probability)
    observed, mean = calibration_curve(label, probability, n_bins=BINS, strategy="uniform")
    edges = np.linspace(0.0, 1.0, BINS + 1)
    counts = np.bincount(np.searchsorted(edges[1:-1], probability), minlength=BINS)
    counts = counts[counts > 0]

    def loss(log_temperature: float) -> float:
        scaled = logit / np.exp(log_temperature)
        return metrics.log_loss(label, 1.0 / (1.0 + np.exp(-scaled)))

    fit = minimize_scalar(loss, bounds=(-2.0, 2.0), method="bounded", options={"xatol": 1e-10})
    odds = 0.2 / (1 - 0.2)
    acted = probability >= 0.2
    golden = {
        "made_by": f"tests/reference/metrics.py, scikit-learn {__import__('sklearn').__version__}",
        "label": label.tolist(),
        "probability": probability.tolist(),
        "logit": logit.tolist(),
        "threshold": threshold,
        "confusion": {"tp": tp, "fn": fn, "fp": fp, "tn": tn},
        "accuracy": metrics.accuracy_score(label, called),
        "precision": metrics.precision_score(label, called),
        "recall": metrics.recall_score(label, called),
        "specificity": metrics.recall_score(label, called, pos_label=0),
        "f1": metrics.f1_score(label, called),
        "roc_auc": metrics.roc_auc_score(label, probability),
        "average_precision": metrics.average_precision_score(label, probability),
        "brier": metrics.brier_score_loss(label, probability),
        "log_loss": metrics.log_loss(label, probability),
        # The first threshold of scikit-learn is infinity: nothing is called.
        "roc": [[f, t, None if np.isinf(h) else h] for f, t, h in
                zip(fpr.tolist(), tpr.tolist(), roc_thresholds.tolist())],
        # scikit-learn lists recall falling and ends with (1, 0); ours rises and starts at the first
        # probability.
        "pr": [[r, p, h] for r, p, h in
               zip(recall[:-1].tolist()[::-1], precision[:-1].tolist()[::-1], pr_thresholds.tolist()[::-1])],
        "recall_at_specificity": float(tpr[1 - fpr >= SPECIFICITY].max()),
        "bins": [[m, o, n] for m, o, n in zip(mean.tolist(), observed.tolist(), counts.tolist())],
        "ece": float(np.sum(np.abs(mean - observed) * counts) / COUNT),
        "ece_equal_mass": equal_mass_error(label, probability),
        "net_benefit_0.2": float((acted & (label == 1)).mean() - (acted & (label == 0)).mean() * odds),
        "temperature": float(np.exp(fit.x)),
        "log_loss_at_temperature": float(fit.fun),
    }
    path = ROOT / "tests/golden/metrics.json"
    path.write_text(json.dumps(golden, indent=1) + "\n")
    print(f"wrote {path.relative_to(ROOT)}: AUC {golden['roc_auc']:.6f}, ECE {golden['ece']:.6f}, "
          f"temperature {golden['temperature']:.6f}")


if __name__ == "__main__":
    main()
