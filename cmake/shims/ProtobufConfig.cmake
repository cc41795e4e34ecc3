# Debian's protobuf has no CMake package of this name, which libonnx asks for.
find_package(Protobuf MODULE REQUIRED)
