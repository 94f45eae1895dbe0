"""The desk: web pages where team leaders, coordinators and workforce management work.

Pages are made on the server from marts and `ops`, in the visitor's language, and need no Airflow:
who is signed in comes through a dependency (`identity.signed_in`), which `rtm.orchestration.desk`
answers from Airflow's session. What a page decides is written by the room that owns it; here are
forms, rights and reading.
"""
