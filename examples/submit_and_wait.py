"""Submit a job and wait for it, from Python: python submit_and_wait.py http://localhost:8001 "a lighthouse".

When: a program of yours needs the result, not a shell. Needs jobctl; the profile is `generation` unless
JOBCTL_PROFILE names another. The result is on stdout.

Exits with jobctl's own codes, so that whatever calls it can tell a failed job (3) from a cancelled one (4), a
deadline (5), refused credentials (6) and a server nobody reached (7).
"""

from __future__ import annotations

import sys
import uuid

from jobctl import DeadlineExceeded, ExitCode, JobctlError, JobNotSuccessful, submit, wait
from jobctl.exit_codes import code_of_error


def main(base_url: str, prompt: str) -> int:
    try:
        # The key makes a repeat safe: if the first answer is lost, the same job comes back, not a second one.
        job = submit({"prompt": prompt}, base_url=base_url, idempotency_key=str(uuid.uuid4()))
        print(f"submitted {job}", file=sys.stderr)
        done = wait(job, base_url=base_url, timeout=600)
    except JobNotSuccessful as error:
        print(f"{error.job.id} {error.job.status}: {error.job.error}", file=sys.stderr)
        for decision in error.story:
            print(f"  {decision.observation.source}: {decision.action} {decision.reason}", file=sys.stderr)
        return code_of_error(error)
    except DeadlineExceeded as error:
        print(f"still {error.job.status if error.job else 'unknown'}; the job goes on", file=sys.stderr)
        return code_of_error(error)
    except JobctlError as error:
        print(error.message + (f"; {error.hint}" if error.hint else ""), file=sys.stderr)
        return code_of_error(error)
    print(done.result)
    return ExitCode.COMPLETED


if __name__ == "__main__":
    if len(sys.argv) != 3:
        print(f"usage: {sys.argv[0]} BASE_URL PROMPT", file=sys.stderr)
        sys.exit(ExitCode.USAGE)
    sys.exit(main(*sys.argv[1:]))
