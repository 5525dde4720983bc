"""Links inner functions once into the entry points that Python calls: numba alone would optimise them again
at every level of calls.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from numba import _dynfunc
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler, DefaultPassBuilder, PassManager, _LowerResult
from numba.core.compiler_machinery import register_pass
from numba.core.typed_passes import NativeLowering


class _Unlinked(JITCodeLibrary):  # type: ignore[misc]
    """One function as it was written down, without what it calls: that goes to whoever is called from
    Python.
    """

    @cached_property
    def part(self) -> _Part:
        """It, for a library that links it."""
        return _Part(self)

    def everything(self) -> list[Any]:
        """It, and all that it calls, each once."""
        results: dict[Any, None] = {}
        ahead = [self]
        while ahead:
            one = ahead.pop()
            if one not in results:
                results[one] = None
                ahead += one._linking_libraries if isinstance(one, _Unlinked) else []
        return list(results)

    def _get_module_for_linking(self) -> Any:
        raise TypeError(
            f"{self.name} has no machine code of its own: make the function that calls it `compiled` "
            "(graph.kernels.compiled) as well"
        )

    def finalize(self) -> None:
        """Nothing: it is linked, optimised and made machine code with the others."""
        self._raise_if_finalized()
        for one in self._linking_libraries:
            self._reload_init.update(one._reload_init)
        self._finalize_dynamic_globals()
        self._finalized = True


class _Linked(JITCodeLibrary):  # type: ignore[misc]
    """A function that Python calls, with all that it calls."""

    def add_linking_library(self, library: Any) -> None:
        for one in library.everything() if isinstance(library, _Unlinked) else [library]:
            super().add_linking_library(one.part if isinstance(one, _Unlinked) else one)


class _Part:
    """What a library asks of another that it links, of one without machine code of its own."""

    def __init__(self, library: _Unlinked) -> None:
        self._library, self._reload_init = library, library._reload_init

    def _ensure_finalized(self) -> None:
        self._library._ensure_finalized()

    def _get_module_for_linking(self) -> Any:
        return JITCodeLibrary._get_module_for_linking(self._library)


def _lowering(of: type[JITCodeLibrary], name: str) -> Any:
    @register_pass(mutates_CFG=True, analysis_only=False)
    class Lowering(NativeLowering):  # type: ignore[misc]
        _name = name

        def run_pass(self, state: Any) -> bool:
            library = state.library = of(state.targetctx.codegen(), state.func_id.func_qualname)
            library.enable_object_caching()
            if of is _Linked:
                return bool(super().run_pass(state))
            state.flags.no_compile = True
            super().run_pass(state)
            function = state["cr"]
            stand_in = _dynfunc.make_function(
                function.fndesc.lookup_module(), function.fndesc.qualname, "", 0, function.env, (library,)
            )
            state.targetctx.insert_user_function(stand_in, function.fndesc, [library])
            state["cr"] = _LowerResult(
                function.fndesc, function.call_helper, cfunc=stand_in, env=function.env
            )
            return True

    return Lowering


def _compiler(of: type[JITCodeLibrary], name: str) -> Any:
    lowering = _lowering(of, name)

    class Ours(Compiler):  # type: ignore[misc]
        def define_pipelines(self) -> list[PassManager]:
            function = DefaultPassBuilder.define_nopython_pipeline(self.state)
            function.passes = [
                (lowering if one is NativeLowering else one, why) for one, why in function.passes
            ]
            function.finalize()
            return [function]

    return Ours


InnerCompiler = _compiler(_Unlinked, "lowering_inside")
EntryCompiler = _compiler(_Linked, "lowering_door")
