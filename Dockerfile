# A policy as a service, from the wheel, without torch and the simulator.
#
#     docker build -t racer-serve .
#     docker run -p 127.0.0.1:8000:8000 -e RACER_TOKEN -v "$PWD/car.onnx:/model/car.onnx:ro" racer-serve
#
# Package versions are those of constraints.txt, which the tests run with.
FROM python:3.11-slim-bookworm AS build
WORKDIR /source
COPY constraints.txt pyproject.toml README.md LICENSE MANIFEST.in ./
COPY racer ./racer
ENV PIP_CONSTRAINT=/source/constraints.txt
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.11-slim-bookworm
WORKDIR /model
COPY constraints.txt /constraints.txt
COPY --from=build /wheels /wheels
RUN pip install --no-cache-dir --constraint /constraints.txt \
        fastapi filelock numpy onnxruntime pillow prometheus-client rich uvicorn \
    && pip install --no-cache-dir --no-deps /wheels/*.whl
USER 10001
EXPOSE 8000
HEALTHCHECK CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/health')"]
ENTRYPOINT ["racer", "serve", "--host", "0.0.0.0"]
CMD ["car.onnx"]
