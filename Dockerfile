# Targets: worker (the product), migrate; for tests: mock-provider, pgtap, e2e.
# Exact patch versions or digests are for who deploys: --build-arg PYTHON=3.12.7-slim-bookworm
ARG PYTHON=3.12-slim-bookworm
ARG SQITCH=v1.4.1
ARG DEBIAN=bookworm-slim

# A virtual environment with neither pip nor a build backend in it.
FROM python:${PYTHON} AS dependencies
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
COPY requirements/worker.txt requirements/
RUN python -m venv --without-pip /opt/tollhouse \
 && pip --python /opt/tollhouse/bin/python install --require-hashes --only-binary :all: -r requirements/worker.txt

FROM dependencies AS build
COPY requirements/build.txt requirements/
RUN python -m venv /opt/build \
 && /opt/build/bin/pip install --require-hashes --only-binary :all: -r requirements/build.txt
COPY pyproject.toml README.md LICENSE sqitch.plan ./
COPY scripts/hatch_build.py scripts/
COPY deploy deploy
COPY revert revert
COPY verify verify
COPY db/dashboards db/dashboards
COPY worker worker
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /dist . \
 && pip --python /opt/tollhouse/bin/python install --no-index --no-deps /dist/*.whl

FROM build AS build-demo
COPY demo demo
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /dist ./demo \
 && pip --python /opt/tollhouse/bin/python install --no-index --no-deps /dist/tollhouse_demo-*.whl

FROM dependencies AS build-e2e
COPY requirements/e2e.txt requirements/
RUN pip --python /opt/tollhouse/bin/python install --require-hashes --only-binary :all: -r requirements/e2e.txt
COPY --from=build-demo /dist /dist
RUN pip --python /opt/tollhouse/bin/python install --no-index --no-deps /dist/*.whl

FROM python:${PYTHON} AS worker
RUN useradd --system --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin tollhouse
COPY --from=build /opt/tollhouse /opt/tollhouse
ENV PATH=/opt/tollhouse/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001
EXPOSE 8080
# Liveness of `worker`, the default command: /readyz says whether it is ready, too.
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=6 \
  CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ.get('TOLLHOUSE_HTTP_PORT', '8080') + '/healthz', timeout=4)"]
ENTRYPOINT ["tollhouse"]
CMD ["worker"]

# A provider for tests, which the product's image does not contain.
FROM worker AS mock-provider
COPY --from=build-demo /opt/tollhouse /opt/tollhouse
USER 10001
EXPOSE 8099
HEALTHCHECK NONE
CMD ["mock-provider", "--host", "0.0.0.0"]

# Our plan in sqitch's own image, which runs as its user sqitch.
FROM sqitch/sqitch:${SQITCH} AS migrate
COPY sqitch.conf sqitch.plan /repo/
COPY deploy /repo/deploy
COPY revert /repo/revert
COPY verify /repo/verify
USER sqitch
CMD ["deploy", "--verify"]

# pgTAP as the SQL that it is: the server that is tested needs no extension.
FROM debian:${DEBIAN} AS pgtap
RUN apt-get update -qq \
 && apt-get install -qq -y --no-install-recommends postgresql-client libtap-parser-sourcehandler-pgtap-perl \
 && cd /tmp && apt-get download -qq postgresql-15-pgtap && dpkg-deb -x postgresql-15-pgtap_*.deb pgtap \
 && rm pgtap/usr/share/postgresql/15/extension/pgtap--*--*.sql \
 && mv pgtap/usr/share/postgresql/15/extension/pgtap--*.sql /usr/share/pgtap.sql \
 && rm -rf /tmp/* /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --create-home tollhouse
WORKDIR /suite
COPY docker/pgtap /usr/local/bin/run-pgtap
COPY tests/pgtap tests/pgtap
USER 10001
ENTRYPOINT ["/usr/local/bin/run-pgtap"]

FROM worker AS e2e
USER root
HEALTHCHECK NONE
WORKDIR /suite
COPY --from=build-e2e /opt/tollhouse /opt/tollhouse
COPY pyproject.toml ./
COPY scripts scripts
COPY db db
COPY tests tests
RUN mkdir artifacts && chown 10001 artifacts && ln -s /opt/tollhouse .venv
USER 10001
ENTRYPOINT []
CMD ["python", "-m", "pytest", "-p", "no:cacheprovider", "-q", "tests/e2e"]
