"""Ask a policy that `racer export RUN --onnx FILE` wrote; needs onnxruntime, not racer.

python examples/drive_onnx.py car.onnx
"""

import json
import sys

import numpy as np
import onnxruntime

session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
about = session.get_modelmeta().custom_metadata_map
track, actions = json.loads(about["racer.track"]), json.loads(about["racer.actions"])
print(f"trained on {track['name']} with {actions['action_space_type']} actions")
print(json.loads(about["racer.observation"])["about"])

TYPES = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(uint8)": np.uint8}
TYPES |= {"tensor(int32)": np.int32, "tensor(int64)": np.int64}
observation = {  # of one car; fill it with what yours sees
    one.name: np.zeros([1, *one.shape[1:]], TYPES[one.type]) for one in session.get_inputs()
}
steering_angle_deg, speed = session.run(["command"], observation)[0][0]
print(f"steering angle {steering_angle_deg:.1f} deg (left positive), speed {speed:.2f} m/s")
