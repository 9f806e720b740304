#!/bin/sh
# live.sh: deploys for real and runs one execution. It costs money, so it asks
# for CATCHMENT_AWS_LIVE=yes, CODE (a bucket of yours) and CONFIG (catchment.yaml).
set -eu
if [ "${CATCHMENT_AWS_LIVE:-}" != yes ]; then
  echo "this deploys into your AWS account and costs money: CATCHMENT_AWS_LIVE=yes CODE=bucket CONFIG=catchment.yaml make aws-live" >&2
  exit 2
fi
: "${CODE:?the bucket for the program and the configuration}" "${CONFIG:?catchment.yaml}"
stack=${STACK:-catchment-live}
out=bin/aws-live
mkdir -p "$out"
bin/catchment aws render --config "$CONFIG" --dir "$out"
key=catchment/$(sha256sum bin/lambda.zip | cut -d' ' -f1)/lambda.zip
aws s3 cp bin/lambda.zip "s3://$CODE/$key"
aws s3 cp "$CONFIG" "s3://$CODE/catchment/catchment.yaml"
aws s3 cp deploy/aws/consolidate.py "s3://$CODE/catchment/consolidate.py"
# shellcheck disable=SC2086 # PARAMETERS are words
aws cloudformation deploy --stack-name "$stack" --template-file "$out/template.yaml" --capabilities CAPABILITY_IAM \
  --parameter-overrides CodeBucket="$CODE" CodeKey="$key" ${PARAMETERS:-}
machine=$(aws cloudformation describe-stacks --stack-name "$stack" --query "Stacks[0].Outputs[?OutputKey=='Machine'].OutputValue" --output text)
execution=$(aws stepfunctions start-execution --state-machine-arn "$machine" --input '{}' --query executionArn --output text)
while :; do
  status=$(aws stepfunctions describe-execution --execution-arn "$execution" --query status --output text)
  [ "$status" = RUNNING ] || break
  sleep 15
done
echo "$execution is $status"
bin/catchment status --config "$CONFIG"
bin/catchment verify --config "$CONFIG"
[ "$status" = SUCCEEDED ]
