# One image for the controller, the agents it runs, and the demo; pip and its caches stay behind in
# their own stages. `--target agent` gives an image of half the size that only runs agents.
FROM python:3.12-slim-bookworm AS build
WORKDIR /src
COPY requirements.lock ./
RUN python -m venv /opt/roster \
    && /opt/roster/bin/pip install --no-cache-dir --no-deps --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY controller controller
COPY templates templates
COPY examples-repo examples-repo
RUN /opt/roster/bin/pip install --no-cache-dir --no-deps --no-build-isolation . \
    # With a read-only root file system nothing is compiled later: two to four times slower starts.
    && /opt/roster/bin/python -m compileall -q /opt/roster/lib \
    && /opt/roster/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation -w /wheel .

FROM python:3.12-slim-bookworm AS agent-build
COPY requirements-agent.lock ./
COPY --from=build /wheel /wheel
RUN python -m venv /opt/roster \
    && /opt/roster/bin/pip install --no-cache-dir --no-deps --require-hashes -r requirements-agent.lock \
    && /opt/roster/bin/pip install --no-cache-dir --no-deps /wheel/*.whl \
    && /opt/roster/bin/python -m compileall -q /opt/roster/lib

FROM python:3.12-slim-bookworm AS agent
COPY --from=agent-build /opt/roster /opt/roster
ENV PATH=/opt/roster/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp
USER 10001:10001
ENTRYPOINT ["roster-agent"]

FROM python:3.12-slim-bookworm
# git fetches repositories, openssh-client reaches those behind ssh.
RUN apt-get update \
    && apt-get install -y --no-install-recommends git openssh-client \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/roster /opt/roster
ENV PATH=/opt/roster/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    ROSTER_STATE_DIR=/var/lib/roster
USER 10001:10001
WORKDIR /var/lib/roster
ENTRYPOINT ["roster"]
CMD ["run"]
