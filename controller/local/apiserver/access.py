"""Who is asking, and may they: the user of a request, and what the roles say."""

from dataclasses import dataclass

from controller.local.apiserver import errors, identity, rbac
from controller.local.apiserver.calls import utc_now
from controller.local.apiserver.errors import ApiError
from controller.local.apiserver.identity import InvalidTokenError, Tokens, User
from controller.local.apiserver.requests import Request, Target
from controller.local.apiserver.verbs import Verbs


@dataclass(frozen=True, slots=True)
class Access:
    """Tokens, and the roles among the stored objects."""

    verbs: Verbs
    tokens: Tokens

    def user(self, request: Request) -> User:
        """Give the user of a request.

        Raises:
            ApiError: the token is not valid, or does not let its user be somebody else.
        """
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if not token:
            return identity.ANONYMOUS
        if kind.lower() != "bearer":
            raise errors.unauthorized()
        try:
            user = self.tokens.user_of(token.strip(), now=utc_now())
            return self._impersonated(user, request)
        except InvalidTokenError as e:
            raise errors.unauthorized() from e

    def _impersonated(self, user: User, request: Request) -> User:
        """Let the admin act as somebody else, as `kubectl --as` asks."""
        name = request.headers.get("impersonate-user")
        if not name:
            return user
        if not user.is_admin:
            action = rbac.Action(verb="impersonate", resource="users", name=name)
            raise ApiError(
                403,
                "Forbidden",
                f'users "{name}" is forbidden: {rbac.refusal(user, action)}',
                details={"name": name, "kind": "users"},
            )
        account = identity.account_of(name)
        if account is not None:
            return account
        group = request.headers.get("impersonate-group")
        groups = (group, "system:authenticated") if group else ("system:authenticated",)
        return User(name=name, groups=groups)

    def allow(self, user: User, action: rbac.Action) -> None:
        """Refuse what a user may not do with something that is no object.

        Raises:
            ApiError: they may not.
        """
        if not rbac.is_allowed(user, action, self.verbs.storage):
            text = rbac.refusal(user, action)
            raise ApiError(403, "Forbidden", f"forbidden: {text}", details={})

    def authorize(self, user: User, verb: str, target: Target) -> None:
        """Refuse what a user may not do with objects.

        Raises:
            ApiError: they may not.
        """
        if user.is_admin:
            return
        namespace = target.namespace
        if target.resource.storage_key == "namespaces":
            namespace = target.name
        action = rbac.Action(
            verb=verb,
            group=target.resource.group,
            resource=target.resource.plural,
            subresource=target.subresource,
            namespace=namespace,
            name=target.name,
        )
        if not rbac.is_allowed(user, action, self.verbs.storage):
            raise errors.forbidden(target.resource, target.name, rbac.refusal(user, action))
