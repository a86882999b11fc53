FROM python:3.13.12-slim-trixie

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1

WORKDIR /opt/paidgate

# The dependencies change less often than the gateway, so they are a layer of their own.
COPY requirements/run.txt requirements/run.txt
RUN pip install --require-hashes -r requirements/run.txt

COPY . source
RUN pip install --no-deps --no-build-isolation ./source \
    && rm -r source \
    && useradd --system --no-create-home --uid 10001 paidgate \
    && install --directory --owner=paidgate --group=paidgate --mode=0700 /var/lib/paidgate

USER paidgate
ENV PAIDGATE_DATA=/var/lib/paidgate
VOLUME /var/lib/paidgate
EXPOSE 8000

HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]

CMD ["paidgate", "serve", "--host", "0.0.0.0", "--port", "8000"]
