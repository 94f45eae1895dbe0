# The product with its locked environment, for docker-compose.yml.
FROM python:3.12-slim-bookworm

RUN apt-get update \
    && apt-get install --yes --no-install-recommends make \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home rtm \
    && install --directory --owner rtm /opt/rtm /var/lib/rtm /var/lib/airflow/config

USER rtm
WORKDIR /opt/rtm
ENV RTM_HOME=/var/lib/rtm \
    AIRFLOW_HOME=/var/lib/airflow \
    PYTHONPATH=/opt/rtm/plugins \
    PATH=/var/lib/rtm/venv/bin:/opt/rtm:$PATH

# The environment first: it changes less often than the product.
COPY --chown=rtm requirements.lock ./
COPY --chown=rtm scripts/install.py scripts/
RUN python scripts/install.py /var/lib/rtm/venv && /var/lib/rtm/venv/bin/python -m pip cache purge

COPY --chown=rtm . .
RUN python -c "from rtm.stack.airflow import LOCAL_SETTINGS; print(LOCAL_SETTINGS)" \
    > /var/lib/airflow/config/airflow_local_settings.py
