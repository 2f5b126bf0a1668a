# Two stages on one base: the first has the tools, the second has only what runs. The base is an argument, so that a mirror, a digest
# (docker pull prints it; pin it in your release) or, where there is no registry at all, a debootstrap tree can stand in (`make image-check`).
ARG BASE=docker.io/library/python:3.11.14-slim-bookworm

FROM ${BASE} AS build
# Only for builds behind a proxy that has its own certificate: unset, they change nothing.
ARG SSL_CERT_FILE
ARG PIP_CERT
WORKDIR /src
COPY deploy/image/build.lock requirements-runtime.lock ./
RUN python3 -m venv /build \
    && /build/bin/python -m pip install --quiet --no-cache-dir --disable-pip-version-check --require-hashes -r build.lock \
    && python3 -m venv --without-pip /app \
    && /build/bin/uv pip install --quiet --no-cache --python /app/bin/python --require-hashes --compile-bytecode -r requirements-runtime.lock
COPY pyproject.toml README.md LICENSE ./
COPY aiops_daemon aiops_daemon
RUN /build/bin/uv build --quiet --no-cache --wheel --no-build-isolation --python /build/bin/python --out-dir /wheel \
    && /build/bin/uv pip install --quiet --no-cache --python /app/bin/python --no-deps --compile-bytecode /wheel/*.whl \
    && find /app -type d -name tests -prune -exec rm -rf {} +

FROM ${BASE}
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="aiops-daemon" \
      org.opencontainers.image.description="A self-healing daemon for AWS" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
RUN groupadd --system --gid 10001 aiops \
    && useradd --system --uid 10001 --gid aiops --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin aiops
COPY --from=build /app /app
ENV PATH=/app/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
# Nothing is written to the root file system. As a volume, /tmp keeps its mode where ECS mounts one over it.
VOLUME ["/tmp"]
USER 10001:10001
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/healthz', timeout=3)"]
ENTRYPOINT ["aiops-daemon"]
CMD ["run"]
