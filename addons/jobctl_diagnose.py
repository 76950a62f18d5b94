"""Listen to job traffic and prove whether something on the way answers from memory.

mitmdump -s addons/jobctl_diagnose.py -m reverse:http://localhost:8001 --listen-host 127.0.0.1 -p 8080
mitmdump -nr saved.flow -s addons/jobctl_diagnose.py --set jobctl_exit_code=true

Options: jobctl_profile, jobctl_log, jobctl_limit, jobctl_exit_code. Commands: jobctl.report, jobctl.clear.
"""

from jobctl.caching.addon import JobctlAddon

addons = [JobctlAddon()]
