"""`/api/reports/*`: reports as files, at once or as a job whose progress can be watched and that can be cancelled.

Excel and PDF are made by a process of their own, whoever asks: nobody's live page waits for somebody's report.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from flask import Response, abort, request, send_file
from flask_login import current_user
from flask_openapi3 import APIBlueprint, OpenAPI, Tag
from pydantic import BaseModel, Field

from api.call_list import CallQuestion
from api.errors import FAILURES, failure, success
from auth import guard
from auth.users import UserStore
from data.filters import BadFilter
from data.jobs import FAILED, LOST, NO_ROOM, Full, Job, Jobs
from i18n import text
from render import exports
from render.exports import MEDIA, Asked, Letterhead

TAG = Tag(name="reports", description="Reports as files")
NO_REPORTS = "Your user has no permission for this."
NO_JOB = "There is no such report; they are kept for a day."
NOT_YET = "The report is not ready."
TOO_MANY = "You have enough reports waiting; wait for one or cancel it."
TOO_SLOW = "The report takes longer than a request may last. Ask for it with POST."
LONGEST = 900.0  # seconds that a request waits for its file
LOOK = 0.05


class What(BaseModel):
    type: Literal["general", "calls", "queues", "agents", "daily", "hourly", "intervals", "events"] = Field(
        description="What the report is about")
    format: Literal["excel", "pdf", "csv"]


class ExportQuestion(CallQuestion):
    """The common filters; those that narrow a list of calls narrow the reports `calls` and `events`."""

    lang: str | None = Field(None, description="es or en; one's own language by default")
    paper: str | None = Field(None, description="Of a PDF: a4 or letter; that of the installation by default")
    separator: str | None = Field(None, description="Of a CSV: comma, semicolon or tab; by default the language's")
    unit: str | None = Field(None, description="Of the list of calls: a row is one of the legs (default) or calls")
    sort: str | None = Field(None, description="Of the list of calls: as in /api/calls/list")


class Which(BaseModel):
    id: str = Field(max_length=64)


def register(server: OpenAPI, view: Callable[[], Any], jobs: Jobs, begin: Callable[[], None], users: UserStore,
             letterhead: Letterhead, prefix: str, allow: Callable[[str, str], None]) -> None:
    """Adds the endpoints. `begin()` sees to it that somebody works on what waits in `jobs`."""
    api = APIBlueprint("reports", __name__, url_prefix=f"{prefix}api/reports", abp_tags=[TAG], abp_responses=FAILURES,
                       abp_security=[{"bearer": []}, {"cookie": []}])

    def described(job: Job) -> dict[str, Any]:
        found = exports.told(job, current_user.language)
        return {**found, "file": f"{prefix}api/reports/jobs/{job.id}/file" if job.state == "done" else None}

    def understood(what: What) -> Asked:
        if not current_user.can("reports"):
            abort(failure(403, text(current_user.language, NO_REPORTS)))
        now = view()
        try:
            found = exports.asked(what.type, what.format, request.args.to_dict(flat=False), now.today(),
                                  current_user.language, current_user.queues, current_user.can("numbers"))
        except BadFilter as error:
            abort(failure(422, f"{error.parameter}: {error.reason}"))
        users.record("export", by=current_user._get_current_object(), address=guard.address(), target=request.path,
                     query=request.query_string.decode(errors="replace")[:500])
        return found

    def submitted(asked: Asked) -> Job:
        try:
            job = jobs.submit(str(current_user.id), asked.plain())
        except Full:
            return abort(failure(429, text(current_user.language, TOO_MANY)))
        begin()
        return job

    def mine(number: str) -> Job:
        """A job of this person that shows no more than he may see now; 404 otherwise."""
        job = jobs.get(number, str(current_user.id))
        if job is not None and job.state != "cancelled":
            asked = Asked.read(job.asked)
            if asked.queues == current_user.queues and (current_user.can("numbers") or not asked.numbers) and (
                    current_user.can("reports")):
                return job
        return abort(failure(404, text(current_user.language, NO_JOB)))

    def sent(job: Job) -> Response:
        path = Path(jobs.file(job.id)).absolute()
        if not path.exists():
            abort(failure(404, text(current_user.language, NO_JOB)))
        return send_file(path, MEDIA[job.asked["form"]], as_attachment=True, download_name=job.name, conditional=False,
                         etag=False)

    @api.get("/export/<string:type>/<string:format>", summary="A report as a file: every row of the filter")
    def export(path: What, query: ExportQuestion) -> Response:
        asked = understood(path)
        if asked.form == "csv":
            return Response(exports.lines(view(), asked, letterhead), mimetype=MEDIA["csv"], headers={
                "Content-Disposition": f'attachment; filename="{asked.name}"', "X-Accel-Buffering": "no"})
        job = submitted(asked)
        deadline = time.monotonic() + LONGEST
        while job.state in ("waiting", "running"):
            if time.monotonic() > deadline:
                jobs.cancel(job.id, job.owner)
                abort(failure(503, text(current_user.language, TOO_SLOW)))
            time.sleep(LOOK)
            begin()
            job = jobs.get(job.id, job.owner) or abort(failure(404, text(current_user.language, NO_JOB)))
        if job.state == "done":
            response = sent(job)
            for note in exports.told(job, current_user.language)["notes"]:
                response.headers.add("X-Missing", note.encode("ascii", "replace").decode())
            return response
        # What cannot be made as it was asked is the question's fault, what failed is ours.
        why = job.problem.get("words")
        status = 409 if job.state != "failed" else 503 if why == NO_ROOM else 500 if why in (FAILED, LOST) else 422
        return failure(status, exports.told(
            job, current_user.language)["problem"] or text(current_user.language, NO_JOB))

    @api.post("/export/<string:type>/<string:format>", summary="Begins the same as a job, for what takes its time")
    def begin_job(path: What, query: ExportQuestion) -> Response:
        response = success(described(submitted(understood(path))))
        response.status_code = 202
        return response

    @api.get("/jobs", summary="One's own reports of the last day")
    def list_jobs() -> Response:
        begin()
        return success({"jobs": [described(job) for job in jobs.of(str(current_user.id))]})

    @api.get("/jobs/<string:id>", summary="How far a report is")
    def show_job(path: Which) -> Response:
        begin()
        return success(described(mine(path.id)))

    @api.get("/jobs/<string:id>/file", summary="The file of a report that is ready")
    def job_file(path: Which) -> Response:
        job = mine(path.id)
        return sent(job) if job.state == "done" else failure(409, text(current_user.language, NOT_YET))

    @api.delete("/jobs/<string:id>", summary="Cancels a report, or forgets the file of one that is ready")
    def cancel_job(path: Which) -> Response:
        job = mine(path.id)
        jobs.cancel(job.id, job.owner)
        return success({"cancelled": job.id})

    server.register_api(api)
    for name in ("export", "begin_job", "list_jobs", "show_job", "job_file", "cancel_job"):
        allow(f"reports.{name}", "downloads")

