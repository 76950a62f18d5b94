"""Play a bad cache, and a bad socket, in front of any site: reproduce the incidents in your own browser.

mitmdump -s addons/jobctl_bad_cache.py -m reverse:http://localhost:8001 --listen-host 127.0.0.1 -p 8080
    --set jobctl_cache_ttl=10 --set jobctl_ws_drop=3 --set jobctl_ws_replay_pending=true

Options: jobctl_cache_ttl, jobctl_cache_mode (silent, honest), jobctl_cache_ignore_no_store,
jobctl_cache_drop_query, jobctl_cache_match, jobctl_ws_drop, jobctl_ws_replay_pending, jobctl_profile.
"""

from jobctl.caching.bad_cache import BadCacheAddon

addons = [BadCacheAddon()]
