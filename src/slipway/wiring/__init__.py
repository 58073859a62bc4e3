"""Chooses adapters from the settings: the only place that sees services and adapters together.

One file for each concern. Adapters are imported when they are asked for, so that a command pays
only for what it uses.
"""

from slipway.wiring.asking import evaluator, live_model
from slipway.wiring.buckets import deploy_bucket, model_output_bucket, open_bucket, reports_bucket
from slipway.wiring.delivery import check_before_start, tag_monitor
from slipway.wiring.fleet import fleet_follower, fleet_index, system_clock
from slipway.wiring.images import (
    app_packager,
    image_builder,
    model_packager,
    shared_images,
    workshop,
)
from slipway.wiring.people import audit_log, command_trail, system_user
from slipway.wiring.pushes import push_receiver, watched_repository
from slipway.wiring.registries import (
    check_model_registry,
    image_registry,
    model_registry,
    open_model_registry,
    reached_model_registry,
    version_catalogue,
)
from slipway.wiring.runs import (
    KUBEFLOW,
    LOCAL,
    backend_names,
    compile_pipeline,
    local_schedules,
    pipeline_backend,
    pipeline_backends,
    run_defaults,
    schedules,
)
from slipway.wiring.trust import (
    key_changes,
    key_folder,
    make_embedded_keys,
    make_keys,
    pending_signatures,
    publisher,
    trust_state,
    waiting_manifests,
)

__all__ = [
    "KUBEFLOW",
    "LOCAL",
    "app_packager",
    "audit_log",
    "backend_names",
    "check_before_start",
    "check_model_registry",
    "command_trail",
    "compile_pipeline",
    "deploy_bucket",
    "evaluator",
    "fleet_follower",
    "fleet_index",
    "image_builder",
    "image_registry",
    "key_changes",
    "key_folder",
    "live_model",
    "local_schedules",
    "make_embedded_keys",
    "make_keys",
    "model_output_bucket",
    "model_packager",
    "model_registry",
    "open_bucket",
    "open_model_registry",
    "pending_signatures",
    "pipeline_backend",
    "pipeline_backends",
    "publisher",
    "push_receiver",
    "reached_model_registry",
    "reports_bucket",
    "run_defaults",
    "schedules",
    "shared_images",
    "system_clock",
    "system_user",
    "tag_monitor",
    "trust_state",
    "version_catalogue",
    "waiting_manifests",
    "watched_repository",
    "workshop",
]
