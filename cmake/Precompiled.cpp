// Carries the precompiled header; see ZorroCompiler.cmake.
