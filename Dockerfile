# The product with its locked environment, for docker-compose.yml. Nothing is installed at start.
ARG REGISTRY=docker.io
FROM ${REGISTRY}/python:3.12-slim-bookworm

# Who delivers files into ./landing shares this id, or gives its own: --build-arg UID=$(id -u).
ARG UID=1000
RUN useradd --uid ${UID} --create-home rtm \
    && install --directory --owner rtm --group rtm \
        /opt/rtm /var/lib/rtm /var/lib/rtm/dbt /var/lib/airflow /var/lib/airflow/config \
        /var/lib/airflow/logs

USER rtm
WORKDIR /opt/rtm
ENV RTM_HOME=/var/lib/rtm \
    AIRFLOW_HOME=/var/lib/airflow \
    PYTHONPATH=/opt/rtm/plugins \
    PATH=/var/lib/rtm/venv/bin:/opt/rtm:$PATH

# The environment first: it changes less often than the product.
COPY --chown=rtm requirements.lock ./
COPY --chown=rtm scripts/install.py scripts/
RUN python scripts/install.py /var/lib/rtm/venv && rm -rf ~/.cache

COPY --chown=rtm . .
# Airflow's settings are its environment; an empty file keeps it from writing one at its start.
RUN python -m compileall -q dags expectations plugins scripts \
    && touch /var/lib/airflow/airflow.cfg \
    && python -c "from rtm.stack.airflow import LOCAL_SETTINGS; print(LOCAL_SETTINGS)" \
        > /var/lib/airflow/config/airflow_local_settings.py
