"""What the folders of a tree are called in the sets that people have, all in one: none of these names contradicts another.

| set | train | test | masks |
|---|---|---|---|
| BMAD | `train/good/img` | `test/{good,Ungood}/img`, `valid` alike | `test/Ungood/label` |
| MVTec AD | `train/good` | `test/{good,DEFECT}` | `ground_truth/DEFECT/NAME_mask.png` |
| MVTec AD 2 | `train/good` | `test_public/{good,bad}`, `validation/good` | `test_public/ground_truth/bad/NAME_mask.png` |
| MVTec LOCO | `train/good` | `test/{good,logical_anomalies,structural_anomalies}` | `ground_truth/DEFECT/NAME/000.png` |
| MVTec 3D | `train/good/rgb` | `test/{good,DEFECT}/rgb` | `test/DEFECT/gt` |
| BTAD | `train/ok` | `test/{ok,ko}` | `ground_truth/ko` |
| VisA, one class | `train/good` | `test/{good,bad}` | `ground_truth/bad` |
| Kaggle | `train/NORMAL` | `test/{NORMAL,PNEUMONIA}`, `val` alike | |
"""

from __future__ import annotations

from adbench import Layout

NO_LABELS = "it has no labels"
NO_PICTURE = "it holds coordinates, no picture"

# Any class below a split that is not called normal is abnormal.
LAYOUT = Layout(
    images=frozenset({"img", "imgs", "image", "images", "rgb"}),
    defects=True,
    masks_outside="test",
    left_out={"test_private": NO_LABELS, "test_private_mixed": NO_LABELS, "xyz": NO_PICTURE},
)
