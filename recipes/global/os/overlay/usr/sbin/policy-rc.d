#!/bin/sh
# Packages ask here whether their service may be started when it is installed: not in an image.
exit 101
