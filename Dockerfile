# docker build -t evenkeel . && docker run -p 127.0.0.1:8045:8045 -v evenkeel:/data \
#     --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges evenkeel
FROM python:3.11-slim

ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PROXY_DATA_DIR=/data

RUN groupadd --system --gid 8045 evenkeel \
    && useradd --system --uid 8045 --gid 8045 --home-dir /data --create-home --shell /usr/sbin/nologin evenkeel \
    && chmod 700 /data

WORKDIR /app
COPY requirements.txt .
RUN pip install --require-hashes --requirement requirements.txt
COPY . .
RUN pip install --no-deps --no-build-isolation --editable . && python -m compileall -q /app

# By number: a cluster that forbids root has to see that it is another.
USER 8045:8045
VOLUME /data
EXPOSE 8045

# SIGTERM drains: give it longer than RELAY_LAME_DUCK_SECONDS and RELAY_DRAIN_SECONDS (docker stop --time 60).
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8045/healthz', timeout=2)"]

ENTRYPOINT ["python", "manage.py"]
CMD ["serve", "--host", "0.0.0.0"]
