"""Reads the systems that watch running software, each by its own interface; nothing here changes anything.

    service_descriptors the services, and how to reach one
    responses       reads a response; the error for one that is no success
    series, prometheus       metrics: Prometheus, and what has its HTTP API
    alerts, alertmanager     alerts that fire: Alertmanager
    log_records, loki, victorialogs   lines of logs: Loki, VictoriaLogs
    traces, jaeger, tempo    traces: Jaeger, Tempo

A module of a service has functions that make `Call`s; a `Transport` of `ci_mcp_http` sends them. Readers check the
form of every answer, as any JSON may come from a wrong address.
"""
