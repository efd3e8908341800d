# syntax=docker/dockerfile:1
FROM python:3.11-slim-bookworm

# Chromium draws the charts of PDF reports.
RUN apt-get update \
    && apt-get install -y --no-install-recommends chromium \
    && rm -rf /var/lib/apt/lists/*

RUN useradd --system --uid 10001 --user-group --home-dir /data --no-create-home --shell /usr/sbin/nologin callcenter \
    && install -d -m 0700 -o callcenter -g callcenter /data

WORKDIR /app
COPY requirements.txt ./
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --only-binary :all: -r requirements.txt

COPY . ./
RUN /opt/venv/bin/python -m compileall -q .

ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin \
    HOME=/data \
    PYTHONUNBUFFERED=1 \
    DATA_DIR=/data \
    QUEUE_LOG_PATH=/log/queue_log \
    RECORDINGS_DIR=/recordings \
    SERVER_HOST=0.0.0.0

USER 10001
VOLUME ["/data"]
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=15s --start-period=120s --retries=3 CMD ["python", "deploy/alive.py"]
CMD ["gunicorn", "-c", "deploy/gunicorn.conf.py", "app:server"]
