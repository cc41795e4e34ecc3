#!/bin/sh
# Stands in for ptxas: writes a file and says what SAYS asks for, in the words of ptxas 13.0.
echo cubin > "$5"
[ "$SAYS" != silence ] || exit 0
echo "ptxas info    : 0 bytes gmem"
if [ "$SAYS" = serialised ]; then
  echo "ptxas info    : (C7512) Potential Performance Loss: wgmma.mma_async instructions are serialized due to insufficient register resources for the wgmma pipeline in the function 'copy'"
fi
echo "ptxas info    : Compiling entry function 'copy' for 'sm_90a'"
echo "ptxas info    : Function properties for copy"
if [ "$SAYS" = spills ]; then
  echo "    48 bytes stack frame, 40 bytes spill stores, 56 bytes spill loads"
else
  echo "    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads"
fi
echo "ptxas info    : Used 168 registers, used 1 barriers"
