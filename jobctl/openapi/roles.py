"""By which names a job's record carries what: points for each, more for the surer ones. Data only."""

from __future__ import annotations

from typing import Final

OUTCOMES: Final = ("conclusion", "outcome", "result_state", "result_status", "final_status")
"""Fields that tell how a job ended, beside a status that only tells that it did."""

STATUS: Final = {
    "status": 7,
    "state": 7,
    "phase": 6,
    "job_status": 7,
    "job_state": 7,
    "task_status": 7,
    "task_state": 7,
    "run_status": 7,
    "state_type": 6,
    "life_cycle_state": 6,
    "lifecycle_state": 6,
    "provisioning_state": 5,
    "current_state": 6,
    "current_status": 6,
    "stage": 3,
}
STATUS_ENDINGS: Final = ("_status", "_state")
INSIDE_STATUS: Final = frozenset({"type", "name", "value", "phase", "code", "state", "status"})
"""What carries the word where the status is an object itself."""

IDS: Final = {
    "id": 6,
    "uuid": 5,
    "uid": 4,
    "job_id": 5,
    "task_id": 5,
    "run_id": 5,
    "request_id": 5,
    "name": 2,
}
PROGRESS: Final = {
    "progress": 7,
    "percent": 6,
    "percentage": 6,
    "percent_complete": 7,
    "percent_completed": 7,
    "percent_done": 7,
    "progress_percent": 7,
    "progress_percentage": 7,
    "progress_pct": 7,
    "completion_percentage": 7,
    "pct_complete": 6,
    "completion": 4,
}
UPDATED: Final = {
    "updated_at": 8,
    "updated": 7,
    "last_updated": 8,
    "last_updated_at": 8,
    "last_updated_on": 8,
    "update_time": 8,
    "updated_time": 8,
    "updated_on": 8,
    "update_date": 7,
    "last_update": 7,
    "last_update_time": 8,
    "last_update_date": 7,
    "last_modified": 7,
    "last_modified_at": 7,
    "last_modified_time": 7,
    "modified_at": 7,
    "modified_on": 7,
    "modified": 6,
    "status_updated_at": 7,
    "last_action_date_time": 6,
    "last_action_at": 5,
    "timestamp": 3,
}
ERRORS: Final = {
    "error": 7,
    "error_message": 7,
    "error_details": 6,
    "error_detail": 6,
    "error_info": 6,
    "error_description": 6,
    "error_reason": 6,
    "failure_reason": 7,
    "failed_reason": 7,
    "failure_message": 7,
    "failure": 5,
    "fail_reason": 6,
    "last_error": 5,
    "errors": 5,
    "exception": 5,
    "status_message": 3,
    "state_message": 3,
    "message": 2,
    "reason": 2,
}
RESULTS: Final = {
    "result": 7,
    "results": 6,
    "output": 7,
    "outputs": 6,
    "result_url": 7,
    "output_url": 7,
    "output_file_id": 5,
    "result_file_id": 5,
    "download_url": 5,
    "response_url": 4,
    "content_id": 4,
    "content_url": 4,
    "artifact": 4,
    "artifacts": 4,
    "artifacts_url": 4,
    "video_url": 5,
    "image_url": 4,
    "file_url": 4,
    "response": 4,
    "text": 2,
}
ATTEMPTS: Final = {
    "attempt": 7,
    "attempt_number": 7,
    "run_attempt": 7,
    "try_number": 6,
    "attempts": 4,
    "run_count": 5,
    "retry_count": 5,
    "retries": 4,
    "retry": 3,
}
