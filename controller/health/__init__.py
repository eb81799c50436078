"""How an object is doing, read from the object alone: one function a kind."""

from controller.health.status import Health, HealthStatus, worst

__all__ = ["Health", "HealthStatus", "worst"]
