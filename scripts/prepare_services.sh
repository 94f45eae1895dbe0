#!/bin/sh
# Brings the databases of docker-compose.yml to this version, and makes the first user.
# Safe to run again: an update of the image does it.
set -eu

rtm warehouse prepare
airflow db migrate
# One that is there stays as it is, with its password.
airflow users create --role Admin --username admin --password "$RTM_AIRFLOW_PASSWORD" \
    --firstname RTM --lastname Admin --email admin@localhost
# People of the desk: they may sign in and find the desk in the menu, and see nothing of Airflow.
airflow roles create Desk
airflow roles add-perms Desk --action can_read --resource Website Plugins
