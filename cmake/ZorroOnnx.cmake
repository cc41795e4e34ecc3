# libonnx 1.22.0 (text form, operator schemas, shape inference, inliner), as the target Zorro::onnx.
# It is looked for in ZORRO_ONNX_PREFIX, and else where tools/setup puts it.
include_guard(GLOBAL)
find_package(Protobuf MODULE REQUIRED)

set(zorro_onnx_prefix "${ZORRO_ONNX_PREFIX}")
if(NOT zorro_onnx_prefix)
  # The script alone knows the name of the folder, which depends on the protobuf at hand.
  execute_process(COMMAND ${CMAKE_CURRENT_LIST_DIR}/../tools/setup --print-onnx-prefix
    OUTPUT_VARIABLE zorro_onnx_prefix OUTPUT_STRIP_TRAILING_WHITESPACE
    RESULT_VARIABLE zorro_onnx_status)
  if(NOT zorro_onnx_status EQUAL 0)
    message(FATAL_ERROR "tools/setup --print-onnx-prefix failed with ${zorro_onnx_status}")
  endif()
endif()
if(NOT EXISTS "${zorro_onnx_prefix}/lib/libonnx.a")
  message(FATAL_ERROR "libonnx 1.22.0 is not in '${zorro_onnx_prefix}'; run tools/setup, which "
    "builds it there once, or set ZORRO_ONNX_PREFIX to where it is installed")
endif()

# The library holds the protobuf messages too. Its definitions must be those it was built with.
add_library(Zorro::onnx STATIC IMPORTED GLOBAL)
set_target_properties(Zorro::onnx PROPERTIES
  IMPORTED_LOCATION "${zorro_onnx_prefix}/lib/libonnx.a"
  INTERFACE_INCLUDE_DIRECTORIES "${zorro_onnx_prefix}/include"
  INTERFACE_COMPILE_DEFINITIONS "ONNX_ML=1;ONNX_NAMESPACE=onnx;__ONNX_NO_DOC_STRINGS"
  INTERFACE_LINK_LIBRARIES protobuf::libprotobuf)
