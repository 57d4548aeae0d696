"""The page: a policy laboratory in the browser.

`server` answers requests and keeps out what does not belong here; for every browser it starts `visit`. A visitor's
`session` holds what is asked and shown, and the tabs `explore`, `compare` and `landscape` show it with `widgets`, whose
scripts run in the browser. Whatever takes longer than a moment is simulated in the `background`, for all visitors. The
rooms import downwards only: server and visit, tabs, session, background and widgets.
"""
